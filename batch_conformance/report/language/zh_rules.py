"""The rules in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.report.language.language import RuleTexts

RULES: Mapping[str, RuleTexts] = {
    "response.status": RuleTexts(
        "返回了文档未列出的状态码",
        "根据文档生成的客户端没有处理它的分支。",
        "返回文档列出的状态码，或者把这个状态码及其响应体写进文档。",
    ),
    "response.media_type": RuleTexts(
        "媒体类型与文档不同",
        "客户端按 Content-Type 选择解析器；类型不同或缺失时，响应体不会被解析。",
        "该状态码的每个响应体都要带文档规定的 Content-Type，网关返回的也不例外。",
    ),
    "response.header": RuleTexts(
        "文档声明的响应头缺失或格式不对",
        "客户端会直接读取文档声明的响应头（如限流信息、追踪 ID），不会先检查它是否存在。",
        "该状态码的每个响应都按文档发送此响应头，或者按实际发送的样子修改文档。",
    ),
    "response.charset": RuleTexts(
        "JSON 使用了 UTF-8 以外的字符集",
        "系统之间的 JSON 只能是 UTF-8；相信该参数的客户端会把文本解成乱码。",
        "发送 UTF-8，并且只写 `charset=utf-8` 或不写 charset 参数。",
    ),
    "response.encoding": RuleTexts(
        "Content-Encoding 无法解码",
        "响应头告诉客户端怎样解码，照做却解不开；或者客户端从未表示接受这种编码。",
        "写明实际使用的编码，并且只用 Accept-Encoding 中给出的编码。",
    ),
    "response.framing": RuleTexts(
        "报文破坏了 HTTP 的分帧",
        "响应体在哪里结束变得见仁见智：会被截断、与下一个响应混在一起，或被用于请求走私。",
        "让 HTTP 服务器根据实际发送的字节设置 Content-Length 或分块编码，且只设置一次。",
    ),
    "response.head_differs": RuleTexts(
        "HEAD 与 GET 的响应不一致",
        "HEAD 必须与 GET 说的一样；使用 HEAD 的缓存和监控看到的会是另一个资源。",
        "用 GET 的代码处理 HEAD、只是不发送响应体，或者返回 405 并带 Allow。",
    ),
    "response.cache_public": RuleTexts(
        "私有响应允许被共享缓存保存",
        "响应取决于调用者的密钥；共享缓存会把它交给别人。",
        "对带授权的请求返回 `Cache-Control: private` 或 `no-store`。",
    ),
    "response.retry_after": RuleTexts(
        "Retry-After 既不是秒数也不是日期",
        "愿意遵守它的客户端无从遵守，只能继续冲击正要求降速的服务器。",
        "发送整数秒或 HTTP 日期。",
    ),
    "response.server_error": RuleTexts(
        "有一类请求总是得到服务器错误",
        "前后的其他请求都得到了响应，所以这不是故障：是这种输入让服务器出错。",
        "查找这个请求的堆栈；如果是输入有误，返回文档中的 4xx。",
    ),
    "response.silent": RuleTexts(
        "有一类请求始终得不到响应",
        "前后的其他请求都得到了响应，所以这不是故障：是这种输入让服务器挂起或崩溃。",
        "查找崩溃或卡住的查询；如果是输入有误，返回文档中的 4xx。",
    ),
    "response.drops": RuleTexts(
        "连接反复中断",
        "这里靠重试恢复；没有重试的客户端会按这个比例失败。",
        "检查网关的空闲超时，以及会重启的工作进程。",
    ),
    "response.refused_input": RuleTexts(
        "不寻常的 ID 被拒绝",
        "网关用自己的方式拒绝了请求，或者 API 因 ID 不符合其参数的模式而拒绝；正常的客户端不会发送这样的 ID。",
        "无需处理，除非这样的 ID 在你那里是合法的；或者把该应答写进文档。",
    ),
    "response.not_acceptable": RuleTexts(
        "对 Accept 请求头返回 406",
        "RFC 9110 允许这样做，也允许照样返回文档规定的类型。",
        "无需处理；或者对任何 Accept 都返回 application/json。",
    ),
    "response.undocumented_error": RuleTexts(
        "文档没有列出相应的错误，却返回了错误状态码",
        "文档完全没有列出错误响应，或没有为被拒绝的凭据或不存在的 ID 列出错误响应，所以按 HTTP 本义使用的状态码不与任何内容矛盾。",
        "把错误响应及其响应体写进文档。",
    ),
    "method.allow_missing": RuleTexts(
        "405 没有带 Allow",
        "RFC 9110 要求每个 405 都列出可用的方法；客户端和网关会据此行动。",
        "发送 `Allow`，列出该路径支持的方法。",
    ),
    "method.undeclared_answered": RuleTexts(
        "文档未声明的方法成功了",
        "发生了没有人写进文档的事情，可能还涉及数据。",
        "返回 405 并带 Allow，或者把该方法写进文档。",
    ),
    "json.invalid": RuleTexts(
        "响应体不是 JSON",
        "按文档规定的媒体类型解析响应体的客户端得到的是异常，而不是值。",
        "文档中的每个 JSON 响应，都用 JSON 库生成一段完整的 UTF-8 JSON 文本。",
    ),
    "json.bom": RuleTexts(
        "响应体以字节顺序标记（BOM）开头",
        "RFC 8259 禁止发送方添加 BOM；许多解析器会拒绝这样的文本。",
        "响应体写成不带 BOM 的 UTF-8。",
    ),
    "json.trailing": RuleTexts(
        "JSON 文本之后还有内容",
        "一个响应体就是一段 JSON 文本；严格的解析器会拒绝尾部，宽松的会把它藏起来。",
        "响应体以 JSON 值结束；检查是否写了两次，或者留有调试输出。",
    ),
    "json.duplicate_key": RuleTexts(
        "同一个对象里有重复的键",
        "以哪个值为准，各解析器并不一致，于是两个客户端会读到两个不同的批处理任务。",
        "每个成员只写一次；检查是否有字段从两个来源序列化。",
    ),
    "json.surrogate": RuleTexts(
        "字符串里有半个代理对",
        "这样的字符串不是合法的 Unicode 文本：客户端在打印、保存或转发时会出错。",
        "按码点截断和转义字符串，不要按 UTF-16 单元或字节。",
    ),
    "json.unquoted": RuleTexts(
        "文档声明为 JSON 字符串，实际是纯文本",
        "文档声明 application/json 且响应体是裸字符串，示例又不带引号，因此没有说明传输时是否带引号；"
        "按 JSON 解析的客户端会失败。",
        "在文档中写明是哪一种：不带引号就声明为 text/plain，否则发送带引号的字符串。",
    ),
    "body.type": RuleTexts(
        "值的类型与文档不同",
        "有类型的客户端会解析失败；无类型的客户端会在稍后使用该值时失败。",
        "发送文档规定的类型；如果确实要用新类型，请先在文档中发布。",
    ),
    "body.required": RuleTexts(
        "缺少始终应有的属性",
        "客户端会直接读取它，不会先检查它是否存在。",
        "在批处理任务的每种状态下都发送该属性。",
    ),
    "body.enum": RuleTexts(
        "值不在文档的枚举之内",
        "根据文档生成的客户端会拒绝整个响应体。",
        "发送枚举中的值，或者先发布新的值。",
    ),
    "body.known_value": RuleTexts(
        "值不是供应商文档中的任何一个",
        "客户端根据这个值决定下一步；没见过的值会被当作失败，或者让轮询永不结束。",
        "发送文档中的值，或者把新值写到其他值所在的地方。",
    ),
    "body.format": RuleTexts(
        "值的格式与文档不同",
        "客户端按格式转换该值，会失败。",
        "按文档规定的格式发送该值。",
    ),
    "body.constraint": RuleTexts(
        "值违反了模式中的约束",
        "文档向客户端承诺的取值范围更窄。",
        "遵守该约束，或者发布更宽的约束。",
    ),
    "body.undeclared": RuleTexts(
        "契约中没有的属性",
        "字段改名、拼错或泄漏时正是这种表现，而模式本身永远不会发现。",
        "把该属性写进文档，或者不再发送；同时检查是否有文档中的属性消失了。",
    ),
    "body.write_only": RuleTexts(
        "只写的属性被发了回来",
        "只写的多半是机密；发回来就会留在日志、缓存和每个人的调试器里。",
        "不要在应答中包含该属性；如果本来就要让客户端读取，就从文档中去掉 writeOnly。",
    ),
    "body.impossible": RuleTexts(
        "没有值能满足的条款",
        "文档自相矛盾：服务器在此无论返回什么都违反它，由它生成的客户端会拒绝所有应答。",
        "修正模式，例如给 YAML 会读作数字的值加引号；服务器无法解决。",
    ),
    "body.seen": RuleTexts(
        "文档中的属性从未出现",
        "可能只是读到的批处理任务没有设置它；也可能它被删除或改名了。",
        "读取一个必定设置了它的批处理任务；如果它确实不再存在，就从文档中删除。",
    ),
    "body.enveloped": RuleTexts(
        "文档中的对象被包在另一个对象里",
        "文档中的每个属性都深了一层，客户端一个也找不到。",
        "直接把该对象作为响应体发送。",
    ),
    "body.another_object": RuleTexts(
        "响应体是另一种对象",
        "它与文档中的对象几乎没有共同之处：应答的是另一个 API，因此不逐字段评判。",
        "检查 base URL 是否指向这个 API；如果是，说明该操作没有实现。",
    ),
    "value.empty_string": RuleTexts(
        "用空字符串表示未设置的值",
        "只检查 null 的客户端会把它当作 ID，去请求一个没有名字的文件。",
        "未设置的值不要发送；契约允许时也可以发送 null。",
    ),
    "auth.missing_accepted": RuleTexts(
        "没有凭证的请求得到了应答",
        "文档为该操作规定了认证；现在任何人都能读取批处理任务，或者探知哪些存在。",
        "对每个路径和方法，先检查令牌再做其他事。",
    ),
    "auth.wrong_token_accepted": RuleTexts(
        "从未签发的令牌被接受",
        "任何字符串都能开门，令牌形同虚设。",
        "完整、精确地校验令牌，而不是只看有没有令牌。",
    ),
    "auth.scheme_accepted": RuleTexts(
        "令牌在其他认证方案下或格式错误时仍被接受",
        "文档规定的是 HTTP bearer；接受其他写法，说明没有检查它声称要检查的方案。",
        "只接受 `Authorization: Bearer TOKEN`。",
    ),
    "auth.elsewhere_accepted": RuleTexts(
        "令牌放在文档未规定的位置仍被接受",
        "查询字符串和不常见请求头里的密钥会进入日志、缓存和 Referer。",
        "只接受 Authorization 请求头中的令牌，或者把另一个位置写进文档。",
    ),
    "auth.checked_late": RuleTexts(
        "在认证之前就决定了应答",
        "没有有效令牌也能探知哪些 ID 存在，并且触及本应在门后的代码。",
        "先检查令牌，再查看 ID。",
    ),
    "auth.not_401": RuleTexts(
        "拒绝凭证时没有返回 401",
        "客户端只在 401 时更新凭证；403 的意思是身份已知但无权访问。",
        "令牌缺失或错误时返回 401 并带 WWW-Authenticate。",
    ),
    "auth.lower_case_refused": RuleTexts(
        "认证方案的比较区分了大小写",
        "方案名不区分大小写；写成 `bearer` 的客户端和代理被拒之门外。",
        "比较方案名时不区分大小写。",
    ),
    "auth.valid_refused": RuleTexts(
        "有效的令牌在部分请求中被拒绝",
        "同一个令牌在同一次运行中被接受过，所以客户端会随机地、或随输入不同而被拒绝。",
        "在每个路径上以相同方式检查令牌；检查应答这个请求的实例。",
    ),
    "auth.challenge_missing": RuleTexts(
        "401 没有带 WWW-Authenticate",
        "RFC 9110 要求每个 401 都带认证质询；通用客户端无从得知该用哪种方案。",
        '每个 401 都发送 `WWW-Authenticate: Bearer realm="…"`。',
    ),
    "identity.other_batch": RuleTexts(
        "返回的不是所请求的批处理任务",
        "调用者会根据别人的状态行动，或者看到别人的数据。",
        "返回路径中 ID 对应的批处理任务；检查是否有键过于粗略的缓存。",
    ),
    "identity.unknown_answered": RuleTexts(
        "不存在的 ID 得到了成功应答",
        "客户端无法区分存在与不存在的批处理任务。",
        "ID 不存在时返回 404。",
    ),
    "identity.neighbour_answered": RuleTexts(
        "仅仅相似的 ID 得到了应答",
        "一个批处理任务有了多个名字，或者更短的名字就能找到别人的任务。",
        "精确比较 ID：完整，并且区分大小写。",
    ),
    "identity.traversal_answered": RuleTexts(
        "ID 中编码过的路径被当作路径执行",
        "编码过的斜杠是 ID 的数据；把它当作路径的服务器可能被绕过自身的访问规则。",
        "先拆分路径再解码，并把 ID 作为一个不透明的字符串查找。",
    ),
    "identity.list_answered": RuleTexts(
        "空 ID 得到了成功应答",
        "因失误而 ID 为空的客户端会得到一个列表或任意一个任务，并继续用下去。",
        "路径中没有 ID 时返回 404。",
    ),
    "identity.spelling_redirected": RuleTexts(
        "ID 的另一种写法被重定向到规范写法",
        "按 RFC 3986，两种写法指同一个资源；不跟随重定向的客户端看不到任务。",
        "无需处理；或者在查找路径之前先解码转义字符。",
    ),
    "security.key_reflected": RuleTexts(
        "密钥出现在响应中",
        "响应中的内容会进入日志、问题报告和缓存。",
        "绝不回显凭证；从错误信息和调试响应头中去掉它。",
    ),
    "security.trace_leaked": RuleTexts(
        "暴露了堆栈信息",
        "它告诉陌生人服务器是怎样构建的，对客户端却毫无用处。",
        "把堆栈写入日志，返回文档规定的错误响应体。",
    ),
    "security.internals_leaked": RuleTexts(
        "暴露了服务器的路径或内部主机",
        "它告诉陌生人下一步该看哪里。",
        "返回文档规定的错误响应体，不带内部信息。",
    ),
    "time.magnitude": RuleTexts(
        "不可能是 Unix 秒的时间",
        "毫秒、零和哨兵日期都能顺利解析，却让批处理任务偏离几十年。",
        "发送自 1970 年起的整数秒；未设置的时间不要发送，契约允许时也可以发送 null。",
    ),
    "time.order": RuleTexts(
        "批处理任务的时间先后颠倒",
        "一个阶段不可能早于它所接续的阶段，任何事也不可能早于任务的创建。",
        "每个时间只在其阶段开始时设置一次，并使用同一个时钟。",
    ),
    "time.window": RuleTexts(
        "到期时间不等于创建时间加窗口",
        "客户端按完成窗口安排工作；各供应商做法不同，所以这里只作提示。",
        "让到期时间等于创建时间加完成窗口，或者在文档中说明它的算法。",
    ),
    "state.timestamp_missing": RuleTexts(
        "最终状态没有对应的时间",
        "客户端从最终状态对应的时间得知任务何时结束。",
        "设置最终状态的同时设置它的时间。",
    ),
    "state.stage_timestamp_missing": RuleTexts(
        "经过了某个阶段，却没有设置它的时间",
        "有些服务器从不设置中间阶段的时间；要统计它们的客户端什么也得不到。",
        "在每个阶段开始时设置它的时间。",
    ),
    "state.timestamp_early": RuleTexts(
        "设置了任务并不处于的状态的时间",
        "两个字段说法不一：看时间的客户端会以为任务已经结束。",
        "其他结局和后续阶段的时间保持未设置。",
    ),
    "state.regressed": RuleTexts(
        "状态倒退了",
        "最终状态就是最终；客户端已经据此行动。",
        "从同一个一致的存储读取，并且绝不离开最终状态。",
    ),
    "counts.sum": RuleTexts(
        "不可能的计数",
        "客户端用它们计算进度、费用和缺失的结果。",
        "每个请求只计一次：completed 加 failed 永远不超过 total，任务完成时等于 total。",
    ),
    "counts.regressed": RuleTexts(
        "计数倒退了",
        "已完成的请求不会变回未完成；进度下降说明应答过时或错误。",
        "从同一个一致的存储读取。",
    ),
    "stability.changed": RuleTexts(
        "永不改变的值在两次读取之间变了",
        "任务创建时确定、或一经设置便固定的内容，正是客户端保存和比较的内容。",
        "把该值与任务一起保存，而不是每次读取时重新计算。",
    ),
    "stability.answer_changed": RuleTexts(
        "同样的读取得到了不同的应答",
        "任务时有时无，会让客户端放弃或重新提交。",
        "从同一个一致的存储读取；检查应答的实例。",
    ),
    "shape.changed": RuleTexts(
        "响应的形状与记录的不同",
        "客户端是照着服务器的实际行为写的，文档没有说明的地方也一样。",
        "恢复一直都有的内容，或者公布变更并用 `--write-shape` 记录新的形状。",
    ),
    "response.coding_unasked": RuleTexts(
        "使用了客户端不接受的 Content-Encoding",
        "RFC 9110 认为不应如此；没有表示能解码的客户端可能把压缩后的字节原样传下去。",
        "只在 Accept-Encoding 允许时压缩。",
    ),
    "security.header_injected": RuleTexts(
        "ID 中的换行产生了响应头",
        "谁能指定 ID，谁就能设置 Cookie、重定向，或把一个响应拆成两个。",
        "写入响应头的内容要编码，或者拒绝带控制字符的 ID。",
    ),
    "client.no_batch": RuleTexts(
        "OpenAI 客户端返回的不是批处理任务",
        "状态码为 200 时，`client.batches.retrieve` 遇到文本、列表或 null 都不会报错：它原样返回，下一行才失败。",
        "返回 JSON 对象并带 `Content-Type: application/json`；在客户端先检查类型。",
    ),
    "client.raises": RuleTexts(
        "成功的应答让 OpenAI 客户端抛出不属于它自己的异常",
        "`except openai.OpenAIError` 捕获不到读取响应体时抛出的异常，程序就此终止。",
        "发送一段完整的 UTF-8 JSON 文本；在客户端同时捕获 ValueError。",
    ),
    "client.field": RuleTexts(
        "值让 OpenAI 客户端认为正确的代码行出错",
        "客户端不检查收到的内容：属性声明是一种类型，实际是另一种；通过所有类型检查的代码行在运行时失败。",
        "按 OpenAI 的类型发送，或者告诉该客户端的用户读取属性之前先检查。",
    ),
    "client.polling": RuleTexts(
        "等待任务的循环误解了它的状态",
        "循环是按客户端声明的八种状态写的：等到不再是进行中的状态才结束的循环，遇到别的词就会结束；"
        "等到最终状态才结束的循环，最终状态换了写法就永不结束。",
        "发送 OpenAI 的状态词，或者告诉该客户端的用户还有哪些状态。",
    ),
    "client.file_id": RuleTexts(
        "代替文件 ID 的内容无法用来获取文件",
        "`client.files.content` 把 ID 放进路径：给它 URL，请求的是没有人提供的路径；给它空字符串，会抛出 ValueError。",
        "发送文件的 ID 或 null；如果是 URL，请告诉用户直接下载它。",
    ),
    "client.strict": RuleTexts(
        "OpenAI 客户端在校验模式下拒绝该任务",
        "设置 `_strict_response_validation=True` 时，每个应答都要按客户端的类型检查；"
        "经过 `openai.types.Batch.model_validate` 的应答也一样，网关会用到它。",
        "按 OpenAI 的类型发送，或者对这家供应商不要开启严格模式。",
    ),
    "client.error_class": RuleTexts(
        "OpenAI 客户端抛出的异常与情况不符",
        "异常的类只由状态码决定，程序靠它区分不存在的任务和错误的密钥。",
        "ID 不存在时返回 404，凭证缺失或错误时返回 401。",
    ),
    "client.error_detail": RuleTexts(
        "OpenAI 客户端的异常没有说出服务器的话",
        "客户端从对象的 `error.message` 或 `message` 取得消息。写在别处的内容只在 `error.body` 里，日志中看不到。",
        '发送 {"error": {"message": …}}，或者告诉该客户端的用户记录 `error.body`。',
    ),
}
