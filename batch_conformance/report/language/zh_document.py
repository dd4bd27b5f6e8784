"""What the self-check finds in a document, and where rules come from, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

_DOCUMENT: Mapping[str, str] = {
    # Titles and reasons of what the self-check finds.
    "An example is null where null is not allowed": "示例是 null，而该处不允许 null",
    "A server that answers as the example does breaks the schema; which one is meant is not said.":
        "照着示例应答的服务器会违反模式；文档没有说明以哪个为准。",
    "An example breaks its own schema": "示例违反了自己的模式",
    "Readers and generators take it for a legal value.": "读者和代码生成器会把它当作合法的值。",
    "A default breaks its own schema": "默认值违反了自己的模式",
    "Generated clients fill it in and break their own types.": "生成的客户端会填入它，破坏自己的类型。",
    "An enumerated value breaks its own schema": "枚举值违反了自己的模式",
    "No value can be both, so it can never be answered.": "没有值能同时满足两者，所以永远无法返回。",
    "A lower bound above the upper one": "下限大于上限",
    "No value keeps both, so every answer breaks the schema.": "没有值能同时满足两者，所以每个应答都违反模式。",
    "A schema that no value keeps": "没有值能满足的模式",
    "Whatever a server answers here breaks the document, so no server is accused of it.":
        "服务器在此无论返回什么都违反文档，所以不归咎于任何服务器。",
    "A keyword in a form that it does not have": "关键字的写法不存在",
    "Every tool guesses differently what it means; here nothing is judged by it.":
        "每个工具的猜测都不同；这里不据此评判。",
    "A required property that is not declared": "必填的属性没有声明",
    "One of the two names is misspelt, or its type is left to guess.": "两个名字中有一个拼错了，或者类型只能靠猜。",
    "The path has a parameter that is not declared": "路径中有未声明的参数",
    "Generators send nothing sensible in its place.": "代码生成器在该处发不出有意义的内容。",
    "A path parameter that is not required": "路径参数没有标为必填",
    "OpenAPI asks for `required: true`: a path has no gaps.": "OpenAPI 要求 `required: true`：路径不能有缺口。",
    "A security scheme that is not defined": "未定义的安全方案",
    "Clients cannot know how to present the credential.": "客户端无从得知如何出示凭证。",
    "nullable: false says nothing": "nullable: false 没有意义",
    "Beside fields that lack it, it suggests that those may be null.": "与没有写它的字段放在一起，会让人以为那些字段可以为 null。",
    "nullable where it has no effect": "nullable 写在不起作用的地方",
    "It reads as if null were allowed, and by the letter it is refused: servers send it, and validators fail.":
        "看上去允许 null，按字面却不允许：服务器会发送，校验器会失败。",
    "nullable beside an enum without null": "nullable 旁边的 enum 里没有 null",
    "OpenAPI 3.0.3 refuses null here and most tools allow it; this one allows it.":
        "OpenAPI 3.0.3 在此不允许 null，多数工具允许；本工具允许。",
    "A discriminator names a schema that the document does not have": "discriminator 指向文档中没有的模式",
    "Which alternative must hold is not said here, so all of them are tried.":
        "此处没有说明哪个备选必须成立，所以逐一尝试。",
    "{}: {}, which {} names, is no schema of this document": "{}：{}（由 {} 指明）不是本文档中的模式",
    "A format that nobody defines": "没有任何标准定义的 format",
    "Neither OpenAPI and its registry nor JSON Schema has it, so no tool checks a value by it.":
        "OpenAPI 及其注册表和 JSON Schema 都没有它，所以没有工具据此检查值。",
    "A value without a type": "没有类型的值",
    "Any value keeps it, so nothing can be tested.": "任何值都符合，所以什么也测不了。",
    "An object without properties": "没有属性的对象",
    "Any object keeps it, so nothing inside can be tested.": "任何对象都符合，所以其内部什么也测不了。",
    "No property is required": "没有任何必填属性",
    "A renamed or dropped property is never noticed by the schema alone.": "属性改名或删除时，单凭模式永远发现不了。",
    "A state without its values": "状态没有列出取值",
    "Clients decide by it, and a new or misspelt value keeps the schema.": "客户端据此决策，而新的或拼错的值也符合模式。",
    "A time without a unit": "时间没有单位",
    "Milliseconds keep the schema and put the batch thousands of years away.": "毫秒也符合模式，却把任务推到几万年之外。",
    "A JSON body that is a bare string": "响应体是裸的 JSON 字符串",
    "Servers send it as plain text, which is no JSON: clients that parse it fail.":
        "服务器把它当纯文本发送，那不是 JSON：解析它的客户端会失败。",
    "A body without a schema": "响应体没有模式",
    "Whatever comes keeps the contract.": "无论返回什么都符合契约。",
    "No error response is documented": "文档没有列出错误响应",
    "How errors look cannot be tested; what the server answers is judged by HTTP alone.":
        "错误的样子无法测试；服务器的应答只按 HTTP 评判。",
    "A usual status is not documented": "常见的状态码没有写进文档",
    "Servers answer it sooner or later, and its body cannot be tested.": "服务器迟早会返回它，而它的响应体无法测试。",
    "No response header is documented": "文档没有声明任何响应头",
    "Trace ids and rate limits cannot be relied on.": "追踪 ID 和限流信息都不能依赖。",
    "A path parameter that can be any string": "路径参数可以是任意字符串",
    "No id can be told from a malformed one, and none can be guessed for a test.":
        "无法区分正常的 ID 与格式错误的 ID，也无法为测试猜出一个。",
    "A reference where OpenAPI has none": "OpenAPI 不允许引用的地方写了引用",
    "Most tools do not follow it, and see an empty object.": "多数工具不会解析它，只会看到一个空对象。",
    "An overlay's action that changes nothing": "Overlay 的动作没有改变任何内容",
    "The document says it itself by now, or another place was meant.": "文档自己已经这样写了，或者本来指的是别处。",
    "An overlay's action that stops at references": "Overlay 的动作止于引用",
    "JSONPath does not follow `$ref`: the action holds in fewer places than it seems to.":
        "JSONPath 不解析 `$ref`：该动作生效的地方比看上去少。",
    "A YAML merge key": "YAML 合并键",
    "To a reader of YAML 1.2 `<<` is an ordinary key: it sees nothing of what the key brings.":
        "对于 YAML 1.2 的读取器，`<<` 是普通的键：它看不到这个键带来的任何内容。",
    "The operation is deprecated": "该操作已弃用",
    "It may go away without being called a break.": "它可能消失，而不被视为破坏性变更。",
    # What it says of one place.
    "{} can be any value": "{} 可以是任意值",
    "{} is an object of which nothing more is said": "{} 是对象，此外没有任何说明",
    "{} is a string; its values are not listed": "{} 是字符串；没有列出取值",
    "{} is an integer; whether of seconds or milliseconds is not said": "{} 是整数；没有说明是秒还是毫秒",
    "{}: nullable is false by default": "{}：nullable 默认就是 false",
    "{}: nullable has no effect here: {}": "{}：nullable 在此不起作用：{}",
    "OpenAPI 3.0 ignores what is beside $ref": "OpenAPI 3.0 忽略 $ref 旁边的内容",
    "OpenAPI 3.1 has a type of null instead": "OpenAPI 3.1 用 null 类型代替",
    "{}: null is allowed and not among the values": "{}：允许 null，但取值中没有它",
    "the body of {} requires nothing: {} keeps the schema": "{} 的响应体没有必填项：{} 也符合模式",
    "the body of {} is a string; whether its quotes are on the wire is not said":
        "{} 的响应体是字符串；没有说明传输时是否带引号",
    "the body of {} is a string (example: {}); whether its quotes are on the wire is not said":
        "{} 的响应体是字符串（示例：{}）；没有说明传输时是否带引号",
    "the body of {}": "{} 的响应体",
    "the value": "该值",
    "only {} is listed": "只列出了 {}",
    "{} is not listed": "没有列出 {}",
    "{} is not listed, and a credential is asked for": "没有列出 {}，而又要求凭证",
    "{} has no schema": "{} 没有模式",
    "{} has no schema at all": "{} 完全没有模式",
    "no response declares a header": "没有响应声明响应头",
    "{} stands in the path and among no parameters": "{} 出现在路径中，却不在参数里",
    "{} is not required": "{} 不是必填",
    "{} has no pattern, format or example": "{} 没有 pattern、format 或示例",
    "<< is merged as YAML 1.1 has it; YAML 1.2, which OpenAPI recommends, has no merge keys":
        "<< 按 YAML 1.1 合并；OpenAPI 推荐的 YAML 1.2 没有合并键",
    "<< is merged as YAML 1.1 has it{}; YAML 1.2, which OpenAPI recommends, has no merge keys":
        "<< 按 YAML 1.1 合并{}；OpenAPI 推荐的 YAML 1.2 没有合并键",
    ", here and in 1 more place": "，此处和另外 1 处",
    ", here and in {} more places": "，此处和另外 {} 处",
    "{} is a reference to {}, which is followed here": "{} 是指向 {} 的引用，这里会解析它",
    "{} is as the action wants it already": "{} 已经是该动作要求的样子",
    "{} stops at references; not selected: {}": "{} 止于引用；没有选中：{}",
    "GET {} is deprecated": "GET {} 已弃用",
    "{} is not among components.securitySchemes": "{} 不在 components.securitySchemes 中",
    "{}: {} is required and not among the properties": "{}：{} 是必填，却不在属性中",
    "{}: {} is listed, and the type is {}": "{}：列出了 {}，而类型是 {}",
    "{}: no value keeps this: {}": "{}：没有值能满足它：{}",
    "its types exclude each other": "它的类型互相排斥",
    "nothing is allowed here": "这里什么都不允许",
    "no value that is listed keeps the rest of the schema": "列出的值没有一个满足模式的其余部分",
    "its bounds leave no number": "它的界限之间没有数",
    "min{w} is {n} and max{w} is {n}": "min{w} 是 {n}，而 max{w} 是 {n}",
    "an item has to be there: {}": "必须有一个元素：{}",
    "{n} members are required, and {n} are allowed": "必填 {n} 个成员，只允许 {n} 个",
    "{} is required: {}": "{} 是必填：{}",
    "it is declared or required, and no further property is allowed beside it":
        "它被声明或要求，而旁边不允许其他属性",
    "none of its alternatives can hold: {}": "没有一个备选能成立：{}",
    "{}: nobody defines the format {}": "{}：没有任何标准定义 format {}",
    "{}: nobody defines the format {}; there is {w}": "{}：没有任何标准定义 format {}；有的是 {w}",
    "{}: nobody defines the format {}, which stands in {n} more": "{}：没有任何标准定义 format {}，另有 {n} 处使用它",
    "{}: nobody defines the format {}, which stands in {n} more; there is {w}":
        "{}：没有任何标准定义 format {}，另有 {n} 处使用它；有的是 {w}",
    "{}: {} is {} and {} is {}": "{}：{} 是 {}，而 {} 是 {}",
    "{}: example is null, the type is {} and not nullable": "{}：示例是 null，类型是 {} 且不可为 null",
    "{}: default is null, the type is {} and not nullable": "{}：默认值是 null，类型是 {} 且不可为 null",
    "{}: example has {}, the schema asks for {}": "{}：示例中是{}，模式要求{}",
    "{}: default has {}, the schema asks for {}": "{}：默认值中是{}，模式要求{}",
}  # fmt: skip

_SOURCES: Mapping[str, str] = {
    "{} section {}": "{} 第 {} 节",
    "{} sections {} and {}": "{} 第 {} 和 {} 节",
    "{}, {} section {}": "{}，{} 第 {} 节",
    "OpenAPI 3.0 section 4.7.16, the operation's responses": "OpenAPI 3.0 第 4.7.16 节，操作的 responses",
    "OpenAPI 3.0 section 4.7.17, the response's headers": "OpenAPI 3.0 第 4.7.17 节，响应的 headers",
    "OpenAPI 3.0 section 4.7.17, RFC 9110 section 8.3": "OpenAPI 3.0 第 4.7.17 节，RFC 9110 第 8.3 节",
    "OpenAPI 3.0 section 4.7.9, RFC 9110 section 15.5.6": "OpenAPI 3.0 第 4.7.9 节，RFC 9110 第 15.5.6 节",
    "OpenAPI 3.0 section 4.7.24, JSON Schema `type`": "OpenAPI 3.0 第 4.7.24 节，JSON Schema `type`",
    "JSON Schema `format`; level should where OpenAPI 3.1, or a registry alone, has it as an annotation":
        "JSON Schema `format`；在 OpenAPI 3.1 中，或只有注册表定义时，它是注解，级别为 should",
    "OpenAPI 3.0.3 section 4.7.24.2, JSON Schema 2020-12 validation section 9.4 `writeOnly`":
        "OpenAPI 3.0.3 第 4.7.24.2 节，JSON Schema 2020-12 validation 第 9.4 节 `writeOnly`",
    "JSON Schema: a value has to keep all keywords of its schema": "JSON Schema：值必须满足其模式的所有关键字",
    "JSON Schema validation keywords": "JSON Schema 校验关键字",
    "the vendor's guide, through the overlay": "供应商指南，经由 Overlay",
    "closed world: the contract's properties are all there is": "封闭世界：契约中的属性就是全部",
    "the document's properties": "文档中的属性",
    "the document's response schema": "文档中的响应模式",
    "the vendor's examples write unset values as null; reports of clients fetching the file \"\"":
        "供应商的示例把未设置的值写成 null；有客户端去获取名为 \"\" 的文件的报告",
    "the document's `security`, RFC 6750 section 3.1": "文档的 `security`，RFC 6750 第 3.1 节",
    "the document's `security`, RFC 9110 section 11.4": "文档的 `security`，RFC 9110 第 11.4 节",
    "the document's `securitySchemes`, RFC 6750 section 2.1": "文档的 `securitySchemes`，RFC 6750 第 2.1 节",
    "the document's `securitySchemes`, RFC 6750 section 2.3": "文档的 `securitySchemes`，RFC 6750 第 2.3 节",
    "RFC 9110 sections 15.5.2 and 15.5.4, RFC 6750 section 3.1":
        "RFC 9110 第 15.5.2 和 15.5.4 节，RFC 6750 第 3.1 节",
    "RFC 9110 section 15.5.2, RFC 6750 section 3": "RFC 9110 第 15.5.2 节，RFC 6750 第 3 节",
    "the operation's description: the batch object matching the specified ID":
        "操作的描述：与指定 ID 匹配的 batch 对象",
    "the document's 404 response, RFC 9110 section 15.5.5": "文档中的 404 响应，RFC 9110 第 15.5.5 节",
    "RFC 3986 section 6.2.2.1, the operation's description": "RFC 3986 第 6.2.2.1 节，操作的描述",
    "the operation's required path parameter": "操作的必填路径参数",
    "the document's examples (1741685413)": "文档中的示例（1741685413）",
    "the vendor's guide: the order of states": "供应商指南：状态的先后",
    "the document's example: 24h and 86400 seconds": "文档中的示例：24h 与 86400 秒",
    "the document's properties named after states": "文档中以状态命名的属性",
    "the vendor's guide: request_counts": "供应商指南：request_counts",
    "the meaning of a count of finished requests": "已完成请求计数的含义",
    "the meaning of ids and of times that have passed": "ID 和已过去的时间的含义",
    "RFC 9110 section 9.2.1: a read changes nothing": "RFC 9110 第 9.2.1 节：读取不改变任何东西",
    "the file given with --shape": "--shape 给出的文件",
}  # fmt: skip

PHRASES: Mapping[str, str] = {**_DOCUMENT, **_SOURCES}
