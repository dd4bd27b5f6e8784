"""What gate, plan, run and baseline say, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

_RUN: Mapping[str, str] = {
    # The verdict and the exit code.
    "The target keeps the contract.": "目标遵守契约。",
    "The part that was selected keeps the contract.": "所选的部分遵守契约。",
    "not observed: {}.": "未观察到：{}。",
    "{n} finding ({}).": "{n} 项发现（{}）。",
    "{n} findings ({}).": "{n} 项发现（{}）。",
    "{n} finding ({}), all of it accepted.": "{n} 项发现（{}），均已接受。",
    "{n} findings ({}), all of it accepted.": "{n} 项发现（{}），均已接受。",
    "{n} findings ({}), {n} of them accepted.": "{n} 项发现（{}），其中 {n} 项已接受。",
    "{n} finding ({}). {}.": "{n} 项发现（{}）。{}。",
    "{n} findings ({}). {}.": "{n} 项发现（{}）。{}。",
    "{n} findings ({}), {n} of them accepted. {}.": "{n} 项发现（{}），其中 {n} 项已接受。{}。",
    "{n} finding ({}), all of it accepted. {}.": "{n} 项发现（{}），均已接受。{}。",
    "{n} findings ({}), all of it accepted. {}.": "{n} 项发现（{}），均已接受。{}。",
    "{n} must, {n} should": "必须 {n} 项，应当 {n} 项",
    "{n} must": "{n} 项必须",
    "{n} should": "{n} 项应当",
    "a fault of this tool": "本工具的故障",
    "interrupted": "被中断",
    "{n} finding at or above --fail-on {}, not accepted": "{n} 项发现达到或高于 --fail-on {}，且未被接受",
    "{n} findings at or above --fail-on {}, not accepted": "{n} 项发现达到或高于 --fail-on {}，且未被接受",
    "{n} finding at or above --fail-on {}, not accepted; {}": "{n} 项发现达到或高于 --fail-on {}，且未被接受；{}",
    "{n} findings at or above --fail-on {}, not accepted; {}": "{n} 项发现达到或高于 --fail-on {}，且未被接受；{}",
    "{n} entry of the baseline is fixed and to be deleted (--strict-baseline)":
        "基线中有 {n} 个条目已修复，应当删除（--strict-baseline）",
    "{n} entries of the baseline are fixed and to be deleted (--strict-baseline)":
        "基线中有 {n} 个条目已修复，应当删除（--strict-baseline）",
    "all of it accepted": "均已接受",
    "nothing new at or above --fail-on {}": "没有达到或高于 --fail-on {} 的新增发现",
    "no finding of level must or should": "没有级别为必须或应当的发现",
    # What a verdict lacks.
    "a 2xx answer of the operation": "该操作的一个 2xx 应答",
    "a 2xx answer of the operation ({})": "操作 {} 的一个 2xx 应答",
    "the answer to an unknown id ({})": "操作 {} 对不存在的 ID 的应答",
    "the answer to an unknown id": "对不存在的 ID 的应答",
    "the answer to a request without credentials": "对没有凭证的请求的应答",
    "{} (no known id: give one with --batch-id, or --discover)": "{}（没有已知 ID：请用 --batch-id 给出，或用 --discover）",
    "{} (no known id: give one with --batch-id)": "{}（没有已知 ID：请用 --batch-id 给出）",
    "{} (every request got 404: is {} the right path? Base URLs end like …/v1)":
        "{}（每个请求都得到 404：{} 是正确的路径吗？base URL 的结尾形如 …/v1）",
    "{} (every request got 404: is {} the right path? The document's server ends in {})":
        "{}（每个请求都得到 404：{} 是正确的路径吗？文档中服务器的地址以 {} 结尾）",
    "{} (is the id of this account, and not expired?)": "{}（该 ID 属于这个账号且未过期吗？）",
    "{}; the answer to an unknown id": "{}；对不存在的 ID 的应答",
    "{}; the answer to a request without credentials": "{}；对没有凭证的请求的应答",
    "{}, the answer to an unknown id": "{}、对不存在的 ID 的应答",
    "{}, the answer to a request without credentials": "{}、对没有凭证的请求的应答",
    "{} % of the clauses were judged, --min-coverage asks for {} %": "评判了 {} % 的条款，--min-coverage 要求 {} %",
    # Why a run ended.
    "the target did not answer: {}": "目标没有应答：{}",
    "the target broke off its answer: {}": "目标的应答中途断开：{}",
    "the target refused the key (401)": "目标拒绝了密钥（401）",
    "the target refused the key (401).": "目标拒绝了密钥（401）。",
    "the target did not answer: {}.": "目标没有应答：{}。",
    "the target is down: {}.": "目标已不可用：{}。",
    "the target keeps answering 429: it wants fewer requests than this (see --rate-limit)":
        "目标一直返回 429：它要求更少的请求（见 --rate-limit）",
    "{} to every request": "对每个请求都返回 {}",
    "the target is down: {}": "目标已不可用：{}",
    "every request with the valid key is answered {}": "每个带有效密钥的请求都返回 {}",
    "every request with the valid key is answered {}.": "每个带有效密钥的请求都返回 {}。",
    "Every request with the valid key is answered {}.": "每个带有效密钥的请求都返回 {}。",
    "{n} planned requests were not sent: {}.": "计划中有 {n} 个请求没有发送：{}。",
    "{n} planned request was not sent: {}.": "计划中有 {n} 个请求没有发送：{}。",
    # Why a kind of request was left out: its chapter, and what its ids are to the server.
    "{} with {} ids gets server errors": "章节 {} 中 ID 类别为 {} 的请求都返回服务器错误",
    "{} with {} ids gets no answer": "章节 {} 中 ID 类别为 {} 的请求得不到应答",
    "the answer to {} with {} ids never ends": "章节 {} 中 ID 类别为 {} 的请求，其应答不会结束",
    "{} with {} ids ends the server": "章节 {} 中 ID 类别为 {} 的请求会使服务器终止",
    "{} with {} ids is answered 429": "章节 {} 中 ID 类别为 {} 的请求返回 429",
    "refused credentials are answered 429": "应被拒绝的凭证返回 429",
    "every read of the id {} fails": "对 ID {} 的每次读取都失败",
    "the target does not follow Prefer: code=NNN": "目标不遵循 Prefer: code=NNN",
    "the target went away at {}/{}: {}": "目标在 {}/{} 时消失：{}",
    "all {} requests of the run are used: --max-requests allows more": "本次运行的 {} 个请求已用完：--max-requests 可放宽",
    "the {} seconds of the run are used: --max-duration allows more": "本次运行的 {} 秒已用完：--max-duration 可放宽",
    # Notes.
    "--insecure: the certificate was not verified; whoever sat in between may have the key, and may have answered.":
        "--insecure：没有校验证书；中间的任何人都可能拿到密钥，也可能代为应答。",
    "No base URL was given: the target is a mock made from {}, and the verdict is of no server.":
        "没有给出 base URL：目标是根据 {} 生成的模拟服务，结论不针对任何服务器。",
    "The embedded mock has no batch {}: it is asked for its own.": "内置模拟服务没有任务 {}：请求的是它自己的任务。",
    "The document's servers end in {} and its paths begin with it, so {} is asked for; if {} belongs there only once, the base URL is {}.":
        "文档中服务器的地址以 {} 结尾，路径又以它开头，因此请求的是 {}；如果 {} 在那里只该出现一次，base URL 就是 {}。",
    "Partial: only what the selected tests need was sent.": "部分运行：只发送了所选测试需要的请求。",
    "The run ended early: {}.": "运行提前结束：{}。",
    "The run ended early: {}. {} planned requests were not sent.": "运行提前结束：{}。有 {} 个计划中的请求没有发送。",
    "{} requests were sent for a plan of {}: {} were sent again after an error or a limit, and {} looked whether the target still answers.":
        "发送了 {} 个请求，而计划为 {} 个：{} 个是出错或受限后的重发，{} 个用于确认目标仍有应答。",
    "{} answers of 429 were waited out.": "等待并越过了 {} 个 429 应答。",
    "{} requests failed and were repeated.": "{} 个请求失败后重发。",
    "No overlay was given: the contract is read with the repairs of its self-check.":
        "没有给出 Overlay：契约按自检的修复来解读。",
    "The id {} does not look like one of {} ({}).": "ID {} 看起来不像 {} 的 ID（{}）。",
    "{} of {} requests left out: the limit is {}.": "{} / {} 个请求被省略：上限是 {}。",
    "{} of {} known ids are not read: plan more requests to read all.": "{} / {} 个已知 ID 没有读取：要全部读取，请计划更多请求。",
    "The chapter {} is left out. {}": "章节 {} 被省略。{}",
    "No known id: nothing is asked of a batch that exists.": "没有已知 ID：不会请求任何存在的任务。",
    "The vendor's profile asks for no credential: the chapter authentication is empty.":
        "供应商的 profile 不要求凭证：认证章节为空。",
    "The contract asks for no credential: the chapter authentication is empty.": "契约不要求凭证：认证章节为空。",
    "The client does not ask for {}: the chapter {} is empty.": "客户端不会请求 {}：章节 {} 为空。",
    "Schemathesis cannot generate requests for GET {}: {}": "Schemathesis 无法为 GET {} 生成请求：{}",
    "{}: 404 at every read. Expired, or of another account? Nothing was judged of it.":
        "{}：每次读取都是 404。已过期，还是属于另一个账号？没有对它作任何评判。",
    "the judge failed: {}: {}": "评判出错：{}：{}",
    "Known of {}: {}: {} ({})": "{} 的已知情况：{}：{}（{}）",
    "--plan sends nothing: neither --discover nor --create was done.": "--plan 什么都不发送：没有执行 --discover 和 --create。",
    "--discover: {} has no list of batches; give --batch-id.": "--discover：{} 没有任务列表；请用 --batch-id。",
    "--discover: {} {}; give ids with --batch-id.": "--discover：{} {}；请用 --batch-id 给出 ID。",
    "--discover: {} answered something that is no list; give ids with --batch-id.":
        "--discover：{} 返回的不是列表；请用 --batch-id 给出 ID。",
    "--discover: {} lists no batch: make one, or give --batch-id.": "--discover：{} 没有列出任务：请创建一个，或用 --batch-id。",
    "--discover: {} lists {} batch ({}).": "--discover：{} 列出了 {} 个任务（{}）。",
    "--discover: {} lists {} batches ({}).": "--discover：{} 列出了 {} 个任务（{}）。",
    "was not answered ({})": "没有得到应答（{}）",
    "answered {}: this server has no list of batches": "返回了 {}：该服务器没有任务列表",
    "answered {}: the key may not list batches": "返回了 {}：该密钥无权列出任务",
    "answered {}": "返回了 {}",
    "no state": "没有状态",
    "--create made {}, which ended {}.": "--create 创建了 {}，最终状态是 {}。",
    "--create made {}, which was {} after {} s; it goes on at the vendor.":
        "--create 创建了 {}，{} 的状态持续到 {} 秒之后；它会在供应商处继续运行。",
    "a state that is not known": "未知的状态",
    "--create uploads a file of one line and makes one batch of it: one chat completion of {}, at most 1 token of output, which the vendor bills; nothing is deleted afterwards.":
        "--create 上传一个只有一行的文件并据此创建一个任务：用 {} 完成一次对话，输出最多 1 个 token，由供应商计费；之后不删除任何内容。",
    "--create: {} makes its batches by other calls; give --batch-id instead":
        "--create：{} 用其他调用创建任务；请改用 --batch-id",
    "--create: the answer to the new batch has no id that can be read": "--create：新任务的应答中没有可读取的 ID",
    "--create: the answer to the upload has no id that can be read": "--create：上传的应答中没有可读取的 ID",
    "--create: POST {} was not answered ({})": "--create：POST {} 没有得到应答（{}）",
    "--create: POST {} answered {}: {}": "--create：POST {} 返回了 {}：{}",
    "--create: POST {} answered something that is no object": "--create：POST {} 返回的不是对象",
    # Of recorded traffic.
    "Recorded traffic: {n} exchange of {n} line judged.": "录制的流量：评判了 {n} 次请求与响应，共 {n} 行。",
    "Recorded traffic: {n} exchange of {n} lines judged.": "录制的流量：评判了 {n} 次请求与响应，共 {n} 行。",
    "Recorded traffic: {n} exchanges of {n} line judged.": "录制的流量：评判了 {n} 次请求与响应，共 {n} 行。",
    "Recorded traffic: {n} exchanges of {n} lines judged.": "录制的流量：评判了 {n} 次请求与响应，共 {n} 行。",
    "Set aside: {n} {}.": "搁置：{n} 次，{}。",
    "not of this operation": "不属于该操作",
    "of another method": "使用其他方法",
    "answers to conditional or partial requests": "条件请求或部分请求的应答",
    "answered from the client's cache": "由客户端的缓存应答",
    "without a response": "没有响应",
    "{n} malformed line skipped: {}": "跳过 {n} 行格式错误的内容：{}",
    "{n} malformed lines skipped: {}": "跳过 {n} 行格式错误的内容：{}",
    "{n} body left unjudged: {}": "{n} 个响应体未评判：{}",
    "{n} bodies left unjudged: {}": "{n} 个响应体未评判：{}",
    "{n} targets were judged as one: {}. Pick one with --base-url.": "{n} 个目标被当作一个评判：{}。请用 --base-url 选择其一。",
    "{n} request without a recorded credential succeeded. Whether they had one is not known; --credentials-recorded says that the recording leaves none out.":
        "{n} 个没有录下凭证的请求成功了。不知道它们是否带有凭证；--credentials-recorded 表示录制没有遗漏凭证。",
    "{n} requests without a recorded credential succeeded. Whether they had one is not known; --credentials-recorded says that the recording leaves none out.":
        "{n} 个没有录下凭证的请求成功了。不知道它们是否带有凭证；--credentials-recorded 表示录制没有遗漏凭证。",
    "Authentication and unknown ids are not required of recorded traffic: nobody can ask it for them.":
        "对录制的流量不要求认证和不存在的 ID：没有人能再向它请求。",
    "{} (none of {n} exchange is a {})": "{}（{n} 次请求与响应中没有一次是 {}）",
    "{} (none of {n} exchanges is a {})": "{}（{n} 次请求与响应中没有一次是 {}）",
    "the body of a 2xx answer of the operation (none was recorded so that it can be judged)":
        "该操作的一个 2xx 应答的响应体（没有一个录制得可以评判）",
    # What was kept, and what could not be written.
    "Baseline {}: {n} added, {n} removed as fixed, {n} kept": "基线 {}：新增 {n} 个，因已修复而删除 {n} 个，保留 {n} 个",
    "Baseline {}: {n} added, {n} removed as fixed, {n} kept; write the reason of each new one into it":
        "基线 {}：新增 {n} 个，因已修复而删除 {n} 个，保留 {n} 个；请为每个新条目写明理由",
    "Baseline {}: {n} added, {n} removed as fixed, {n} kept, {n} of them expired: renew or delete those by hand":
        "基线 {}：新增 {n} 个，因已修复而删除 {n} 个，保留 {n} 个，其中 {n} 个已到期：请手动续期或删除",
    "Baseline {}: {n} added, {n} removed as fixed, {n} kept, {n} of them expired: renew or delete those by hand; write the reason of each new one into it":
        "基线 {}：新增 {n} 个，因已修复而删除 {n} 个，保留 {n} 个，其中 {n} 个已到期：请手动续期或删除；请为每个新条目写明理由",
    "Shape {}: {n} statuses, {n} states of a batch": "形状 {}：{n} 个状态码，{n} 种任务状态",
    "cannot write {}: {}": "无法写入 {}：{}",
    "{} was not written: the run ended in a fault of this tool": "没有写入 {}：运行因本工具的故障而结束",
    "The report could not be made: {}": "无法生成报告：{}",
    "--reruns: the same answers are looked up again; nothing is asked anew.":
        "--reruns：再次查看的是同样的应答；不会重新发送请求。",
    # The files of tests, and how those ended.
    "What a client may expect of the status line, and that every request is answered at all.":
        "客户端对状态行可以期待什么，以及每个请求都得到应答。",
    "What the headers of a response say, and that the message is framed as HTTP has it.":
        "响应头说了什么，以及消息按 HTTP 的方式分帧。",
    "Every body under a JSON media type is strict JSON.": "每个 JSON 媒体类型的响应体都是严格的 JSON。",
    "The body of a success is the batch that the document describes, and nothing else.":
        "成功应答的响应体就是文档描述的任务，没有别的。",
    "The body of an error is the one that the document gives to its status.": "错误的响应体与文档为其状态码给出的一致。",
    "The times, the state and the counts of one answer make sense together.": "同一应答中的时间、状态和计数彼此一致。",
    "Several reads of one batch agree, but for what moves on.": "对同一任务的多次读取一致，除非它有进展。",
    "One id names one batch: its own, by every spelling, and no other.": "一个 ID 只指一个任务：各种写法都是它，没有别的。",
    "Only the valid credential is let in, wherever the id leads.": "无论 ID 指向何处，只有有效的凭证才放行。",
    "Ids that no client means well with lead nowhere.": "恶意的 ID 不会通向任何地方。",
    "HEAD says what GET says, and what the document does not declare is refused.":
        "HEAD 与 GET 一致，文档没有声明的方法被拒绝。",
    "No answer shows what is nobody else's business.": "应答不暴露与他人无关的内容。",
    "What OpenAI's Python client makes of the answers (`--client openai`); none of it fails a run.":
        "OpenAI 的 Python 客户端如何理解应答（`--client openai`）；其中没有一项会使运行失败。",
    "The clauses of every rule that has no function of its own in the other files.": "其他文件中没有单独函数的规则的条款。",
    "Whether the run came to a verdict at all.": "本次运行是否得出了结论。",
    "{n} failed": "{n} 个失败",
    "{n} passed": "{n} 个通过",
    "{n} skipped": "{n} 个跳过",
    "{n} xfailed": "{n} 个已接受的失败",
    "{n} error": "{n} 个出错",
    "{n} failed, {}": "{n} 个失败，{}",
    "{n} passed, {}": "{n} 个通过，{}",
    "{n} skipped, {}": "{n} 个跳过，{}",
    "{n} xfailed, {}": "{n} 个已接受的失败，{}",
    "{n} finding only at clauses that were not selected": "{n} 项发现只在未选择的条款上",
    "{n} findings only at clauses that were not selected": "{n} 项发现只在未选择的条款上",
}  # fmt: skip

_MEMORY: Mapping[str, str] = {
    "accepted by the baseline or by the vendor's profile": "由基线或供应商的 profile 接受",
    "accepted until {}: {}": "接受至 {}：{}",
    "accepted until {}, {}: {}": "接受至 {}，{}：{}",
    "accepted until {}: fix it, or accept it anew with another date": "接受至 {}：请修复，或用新的日期重新接受",
    "the server keeps this clause now: delete the entry": "服务器现在遵守该条款：请删除此条目",
    "nothing in this run could show it": "本次运行中没有能显示它的请求",
    "accepted until {}: fix it, or accept it anew with another date ({})": "接受至 {}：请修复，或用新的日期重新接受（{}）",
    "the server keeps this clause now: delete the entry ({})": "服务器现在遵守该条款：请删除此条目（{}）",
    "nothing in this run could show it ({})": "本次运行中没有能显示它的请求（{}）",
    "{}: {} entry: {} known, {} expired, {} fixed, {} not exercised":
        "{}：{} 个条目：已知 {}，已过期 {}，已修复 {}，未触及 {}",
    "{}: {} entries: {} known, {} expired, {} fixed, {} not exercised":
        "{}：{} 个条目：已知 {}，已过期 {}，已修复 {}，未触及 {}",
    "since the run of {} ({}): {} new, {} seen before, {} gone": "自 {} 的运行（{}）以来：新增 {}，以前见过 {}，已消失 {}",
    "since the run of {} ({}): {} new, {} seen before, {} gone, {} not exercised":
        "自 {} 的运行（{}）以来：新增 {}，以前见过 {}，已消失 {}，未触及 {}",
    "since the run of {} ({}): {} new, {} seen before, {} gone; {}":
        "自 {} 的运行（{}）以来：新增 {}，以前见过 {}，已消失 {}；{}",
    "its clause was, but the run is not complete": "其条款已触及，但运行不完整",
    "its clause is broken in another way now": "其条款现在以另一种方式被违反",
    "the previous report is of another target, {}": "上一份报告针对另一个目标 {}",
    "the previous report is by another document, {}": "上一份报告依据另一份文档 {}",
    "the previous report is of another operation, {}": "上一份报告针对另一个操作 {}",
    "the previous report is in another reading, {}": "上一份报告采用另一种解读 {}",
    "the previous report is by other overlays, {}": "上一份报告采用其他 Overlay：{}",
    "the previous run was not complete": "上一次运行不完整",
    "gone: [{}] {}: {} (seen from {} to {})": "已消失：[{}] {}：{}（出现于 {} 至 {}）",
    "not exercised: [{}] {}: {} (seen from {} to {})": "未触及：[{}] {}：{}（出现于 {} 至 {}）",
}  # fmt: skip

_BEGINNINGS = {
    f"{english[0].upper()}{english[1:]}": told for english, told in _RUN.items() if english.startswith(("the ", "all "))
}
"""Why a run ended also begins a sentence."""

PHRASES: Mapping[str, str] = {**_BEGINNINGS, **_RUN, **_MEMORY}
