"""What a person is told when the service says no: every sentence in English and Chinese, side by side.

Rules that hold here: a sentence says what is wrong, which value, what to do; both languages say the same,
with the same {values}; `code` is stable, for programs that act on a refusal. As a str it is the English one,
so that logs and the command line need to know nothing of this.
"""


class Sentence(str):
    """English, with its `chinese` and a stable `code`."""

    code: str
    chinese: str

    def __new__(cls, code: str, english: str, chinese: str) -> "Sentence":
        """All three are kept."""
        made = super().__new__(cls, english)
        made.code, made.chinese = code, chinese
        return made

    def of(self, **values: object) -> "Sentence":
        """The same with its {values} filled in."""
        return Sentence(self.code, self.format(**values), self.chinese.format(**values))


# --------------------------------------------------------------------------------------------- signing in

NOT_SIGNED_IN = Sentence(
    "not-signed-in",
    "You are not signed in, or were signed out after 30 minutes; sign in again.",
    "您尚未登录，或已在 30 分钟后自动退出，请重新登录。",
)
TOO_MANY_SIGN_IN = Sentence(
    "too-many-sign-in",
    "Too many people sign in right now; try again in five minutes.",
    "当前登录人数过多，请五分钟后再试。",
)
MESSAGE_OF_NO_FORM = Sentence(
    "message-malformed",
    "The message is not a sign-in message of this service (EIP-4361); sign in again.",
    "签名内容不是本服务的登录信息（EIP-4361），请重新登录。",
)
MESSAGE_CHECKSUM = Sentence(
    "message-checksum",
    "The address in the sign-in message has a wrong checksum; sign in again.",
    "登录信息中的地址校验不正确，请重新登录。",
)
MESSAGE_STATEMENT = Sentence(
    "message-statement",
    "The message says something else than this service asks for; sign in again.",
    "签名内容与本服务要求的不同，请重新登录。",
)
MESSAGE_DOMAIN = Sentence(
    "message-domain",
    "The message is for {theirs}, this page is {ours}; check the address bar.",
    "签名内容属于 {theirs}，而本页为 {ours}，请核对地址栏。",
)
MESSAGE_CHAIN = Sentence(
    "message-chain",
    "Your wallet is on chain {theirs}; this record is on {ours}. Switch.",
    "钱包当前网络为 {theirs}，本记录在 {ours}，请切换。",
)
MESSAGE_TIME = Sentence(
    "message-time",
    "The message is not good at this time; check the clock and sign in again.",
    "登录信息此刻无效，请检查设备时间后重新登录。",
)
MESSAGE_NO_TIME = Sentence(
    "message-no-time", "{text} is not a time; sign in again.", "{text} 不是有效时间，请重新登录。"
)
SIGN_IN_USED = Sentence(
    "sign-in-used",
    "This sign-in was used before, or is older than five minutes; sign in again.",
    "此登录信息已使用过，或已超过五分钟，请重新登录。",
)
SIGN_IN_SIGNATURE = Sentence(
    "sign-in-signature",
    "The signature is not that of the account in the message; sign in again.",
    "签名与登录信息中的账户不符，请重新登录。",
)
SIGNATURE_MALFORMED = Sentence(
    "signature-malformed",
    "the signature is not 0x and hex of at most {most} bytes; sign again",
    "签名格式不正确（应为 0x 加至多 {most} 字节的十六进制），请重新签名。",
)

# ------------------------------------------------------------------------------------------ score and proof

NO_EPOCH = Sentence(
    "no-epoch",
    "No epoch is computed yet; the first scores come when the first epoch has ended.",
    "尚未计算任何一期；第一期结束后即有评分。",
)
EPOCH_CLOSED = Sentence(
    "epoch-closed",
    "The latest epoch cannot be opened here yet; try again later.",
    "最新一期暂时无法打开，请稍后再试。",
)
EPOCH_UNKNOWN = Sentence(
    "epoch-unknown",
    "Epoch {epoch} is not kept here; GET /v1/epochs lists those that are.",
    "本服务未保存第 {epoch} 期；可用的各期见 GET /v1/epochs。",
)
MODEL_UNKNOWN = Sentence("model-unknown", "Model {model} is not kept here.", "本服务未保存模型 {model}。")
MODEL_MALFORMED = Sentence(
    "model-malformed",
    "A model id is 0x and 64 lower-case hex digits, not {model!r}.",
    "模型编号应为 0x 加 64 位小写十六进制数，而不是 {model!r}。",
)
COMMITTEE_UNKNOWN = Sentence(
    "committee-unknown",
    "The committee is read from the chain, which has not answered yet.",
    "委员会名单读自链上，链上暂未答复，请稍后再试。",
)
FACTS_UNKNOWN = Sentence(
    "facts-unknown",
    "The facts of this epoch are not kept here; they come with the next one.",
    "本服务未保存本期的记录明细，将随下一期提供。",
)
FACT_UNKNOWN = Sentence(
    "fact-unknown",
    "This is no fact of this wallet's in epoch {epoch}; GET /v1/me/facts lists those that are.",
    "第 {epoch} 期没有此钱包的这条记录；可用的记录见 GET /v1/me/facts。",
)
WITHOUT_LATER = Sentence(
    "without-later",
    "What the score would be without this fact is told with epoch {epoch}, once it is disputed.",
    "提出异议后，不计入此项时的评分将随第 {epoch} 期给出。",
)
WITHOUT_BUSY = Sentence(
    "without-busy",
    "Somebody else's score is being worked out; ask again in a few seconds.",
    "正在为他人计算，请几秒后再试。",
)
NOT_IN_EPOCH = Sentence(
    "not-in-epoch",
    "{account} is not in epoch {epoch}: it was not enrolled at the snapshot; enrol and wait for "
    "the next epoch",
    "第 {epoch} 期没有 {account}：数据截取时尚未登记。请登记并等待下一期。",
)
NO_SCORE = Sentence(
    "no-score",
    "{account} has no score yet in epoch {epoch}, which is not a bad score: there is nothing to prove "
    "until its record is longer",
    "{account} 在第 {epoch} 期暂无评分。这不是低分；记录更长之后才有可出示的评分。",
)
ABOVE_SCORE = Sentence(
    "above-score",
    "the most you can prove this epoch is {most} (asked for {asked})",
    "本期最高可出示 {most} 分（所选为 {asked} 分）。",
)
BELOW_LADDER = Sentence(
    "below-ladder",
    "the score is below 310, so no threshold can be proved this epoch (asked for {asked})",
    "评分低于 310，本期无法出示任何分数线（所选为 {asked} 分）。",
)
BAD_THRESHOLD = Sentence(
    "bad-threshold",
    "a threshold of {threshold} cannot be proved: use a multiple of 10 from 310 to 850",
    "无法证明 {threshold} 分：请选择 310 至 850 之间 10 的倍数。",
)
TARGET_TOO_LOW = Sentence(
    "target-too-low",
    "a plan's target must lie above the score of {score} and be at most 850, got {target}.",
    "目标分数须高于当前的 {score} 分且不超过 850 分，而不是 {target} 分。",
)
SCORE_NOT_PROVEN = Sentence(
    "score-not-proven",
    "this proof does not show that {account} has the score {score} in the root {root} (ScoreNotProven): ask "
    "the borrower for a proof of the current epoch",
    "此证明不能说明 {account} 在根 {root} 中的评分为 {score} 分（ScoreNotProven）："
    "请向借款人索取当前期的证明。",
)
AT_LEAST_NOT_PROVEN = Sentence(
    "at-least-not-proven",
    "this proof does not show that {account} has at least {threshold} in the root {root} (AtLeastNotProven): "
    "ask the borrower for a proof of the current epoch",
    "此证明不能说明 {account} 在根 {root} 中的评分不低于 {threshold} 分（AtLeastNotProven）："
    "请向借款人索取当前期的证明。",
)
STATUS_WITHOUT_SCORE = Sentence(
    "status-without-score",
    "{account} has status {status}, which is of no score: no proof of it counts",
    "{account} 的状态为 {status}，没有评分：相关证明均无效。",
)
NO_ACCOUNT = Sentence(
    "no-account",
    "the proof's account {account!r} is no address: 0x and 40 hex digits",
    "证明中的账户 {account!r} 不是地址：应为 0x 加 40 位十六进制数。",
)
NO_PROOF = Sentence(
    "no-proof",
    "this is no proof: an object with kind 'score' or 'atLeast' is needed, as `prove` prints it.",
    "这不是证明：应为带有 kind（score 或 atLeast）的对象，如 `prove` 所输出。",
)
NO_PROOF_TEXT = Sentence(
    "no-proof-text",
    "this is no proof's text: it begins with {prefix} and is at most {most} long",
    "这不是证明文本：证明文本以 {prefix} 开头，至多 {most} 个字符。",
)
PROOF_TEXT_KIND = Sentence(
    "proof-text-kind",
    "the proof's text is of no kind that this version knows; copy it whole, or update",
    "无法识别此证明文本的种类，请完整复制或更新本软件。",
)
PROOF_TEXT_CUT = Sentence(
    "proof-text-cut",
    "the proof's text was cut off; copy it whole, from {prefix} to its last character",
    "证明文本不完整，请从 {prefix} 到最后一个字符完整复制。",
)
PROOF_TEXT_ALTERED = Sentence(
    "proof-text-altered",
    "the proof's text is altered at {group!r}; copy it anew",
    "证明文本在 {group!r} 处被改动，请重新复制。",
)

# -------------------------------------------------------------------------------------------------- consent

NO_CONSENT = Sentence("no-consent", "No consent for this request.", "没有可用的授权。")
CONSENT_OF_ANOTHER = Sentence(
    "consent-of-another",
    "this consent is of another account than the one signed in; sign in with its wallet",
    "此授权属于另一账户，请用该账户的钱包登录。",
)
CONSENT_READER = Sentence(
    "consent-reader",
    "only {public!r} names no reader: give the reader's address, or choose {public!r}",
    "只有公开授权（{public}）不指定查询方：请填写查询方地址，或选择公开。",
)
CONSENT_PURPOSE = Sentence(
    "consent-purpose",
    "the purpose {purpose!r} is none of {purposes}",
    "用途 {purpose!r} 不在可选范围内：{purposes}。",
)
CONSENT_NAME = Sentence(
    "consent-name",
    "the reader's name has characters that cannot be shown; write it plainly",
    "查询方名称含有无法显示的字符，请改用普通文字。",
)
CONSENT_END = Sentence(
    "consent-end",
    "notAfter is {end}: a consent ends in the future, and within a year",
    "有效期（{end}）须在未来且不超过一年。",
)
CONSENT_THRESHOLD = Sentence(
    "consent-threshold",
    "the threshold is {threshold} where the words say {what!r}; they must be the same",
    "分数线为 {threshold}，而文字写的是 {what!r}，两者须一致。",
)
CONSENT_WHAT = Sentence(
    "consent-what",
    "{what!r} cannot be read: ask for 'at least t', 'band', 'score' or 'report'",
    "{what!r} 不能查询：可选 'at least t'、'band'、'score' 或 'report'。",
)
CONSENT_NO_THRESHOLD = Sentence(
    "consent-no-threshold",
    "a threshold of {threshold} means nothing for {what!r}; leave it 0",
    "查看 {what!r} 不需要分数线（{threshold}），请填 0。",
)
CONSENT_SIGNATURE = Sentence(
    "consent-signature",
    "the signature is not the signed-in account's over this consent; sign it again",
    "签名不是当前登录账户对此授权的签名，请重新签名。",
)
CONSENT_GIVEN = Sentence(
    "consent-given",
    "this consent was given before; sign a new one with another nonce",
    "此授权已提交过，请重新签署一份。",
)
CONSENT_ROOM = Sentence(
    "consent-room",
    "you have {most} consents that run or were stopped early, the most that are kept; wait until one expires,"
    " or erase your data to begin anew",
    "您已有 {most} 项未到期的授权（含已停止的），已达上限；请等待其中一项到期，或删除数据后重新开始。",
)
CONSENT_NOT_RUNNING = Sentence(
    "consent-not-running",
    "you have no running consent {consent}; GET /v1/me/consents lists them",
    "您没有生效中的授权 {consent}；全部授权见“授权”页。",
)
REQUEST_SIGNATURE = Sentence(
    "request-signature",
    "The signature is not the reader's over this request; sign ReadCreditRecord again.",
    "签名不是查询方对此请求的签名，请重新签署（ReadCreditRecord）。",
)
REQUEST_TIME = Sentence(
    "request-time",
    "the request is of {theirs}, more than {skew} s from {ours}; set the clock",
    "请求时间 {theirs} 与当前时间 {ours} 相差超过 {skew} 秒，请校准时钟。",
)
REQUEST_USED = Sentence(
    "request-used",
    "this request was made before; sign a new one, with the time of now",
    "此请求已提交过，请按当前时间重新签署。",
)

# --------------------------------------------------------------------------------------------------- record

DISPUTES_ROOM = Sentence(
    "disputes-room",
    "the words of {most} of your disputes are kept, and no more; wait for answers",
    "本服务至多保存您的 {most} 项异议说明，请等待答复。",
)
STATEMENT_CHANGED = Sentence(
    "statement-changed",
    "your statement was changed at the same time elsewhere; look again",
    "您的声明刚在别处被修改，请重新查看。",
)
WORDS_WITH_NUL = Sentence(
    "words-with-nul",
    "the words hold a character that cannot be kept (NUL); write them anew",
    "文字中含有无法保存的字符（NUL），请重新输入。",
)

# -------------------------------------------------------------------------------------------------- gateway

GATEWAY_SENDER = Sentence(
    "gateway-sender",
    "{sender} is no contract that this gateway answers for.",
    "本网关不为合约 {sender} 应答。",
)
GATEWAY_CALL = Sentence(
    "gateway-call",
    "The data is not a call of openProof(address); a client of EIP-3668 fills it in.",
    "数据不是对 openProof(address) 的调用；应由支持 EIP-3668 的客户端填写。",
)

# -------------------------------------------------------------------------------------------------- service

ASKED_TOO_OFTEN = Sentence(
    "asked-too-often", "You ask too often; try again in a second.", "操作过于频繁，请稍后再试。"
)
HEADERS_TOO_LARGE = Sentence(
    "headers-too-large", "Headers have at most {most} bytes.", "请求头至多 {most} 字节。"
)
BODY_TOO_LARGE = Sentence(
    "body-too-large",
    "A body has at most {most} bytes and states its length.",
    "请求内容至多 {most} 字节，并须注明长度。",
)
BODY_TOO_SLOW = Sentence(
    "body-too-slow", "The body did not come in time; send it again.", "请求内容未及时送达，请重新发送。"
)
OTHER_SITE = Sentence(
    "other-site",
    "A page of another site asked for this change; open ours.",
    "此更改由其他网站的页面发起，请打开本服务的页面。",
)
NO_PATH = Sentence(
    "no-path",
    "Nothing is at this path; /v1/openapi.json lists what there is.",
    "此路径没有内容；可用路径见 /v1/openapi.json。",
)
NO_METHOD = Sentence(
    "no-method",
    "This path is not asked in this way; see /v1/openapi.json.",
    "此路径不支持这种请求方式，见 /v1/openapi.json。",
)
NO_REQUEST = Sentence(
    "no-request", "The request is not one that this service answers.", "本服务不应答此类请求。"
)
MALFORMED = Sentence(
    "malformed", "{where}; see /v1/openapi.json.", "请求格式不正确（{where}），见 /v1/openapi.json。"
)
DATABASE_AWAY = Sentence(
    "database-away",
    "the database does not answer now ({what}); try again",
    "数据库暂时没有响应（{what}），请稍后再试。",
)
DATABASE_LOST = Sentence(
    "database-lost", "the database went away; try again", "与数据库的连接中断，请稍后再试。"
)
NOT_OVERWRITTEN = Sentence(
    "not-overwritten",
    "All is deleted, but not overwritten yet: another program reads the database. Sign in and erase again.",
    "记录均已删除，但尚未覆写：另有程序正在读取数据库。请重新登录并再次删除。",
)
OUR_FAULT = Sentence(
    "our-fault",
    "Something is wrong on our side; the operator's log says more.",
    "本服务出现故障，详情见运营方日志。",
)
NOT_NOW = Sentence("not-now", "{english}", "暂时无法完成，请稍后再试。服务的英文说明：{english}")
VALUE_REFUSED = Sentence(
    "value-refused", "{english}", "请求中的某个值不可接受，请检查后重试。服务的英文说明：{english}"
)
"""Both of what only the English says in full: a chain that is away, and values that no page of ours sends."""

# --------------------------------------------------------------------------------------------------- titles

TITLES: dict[int | str, Sentence] = {
    OTHER_SITE.code: Sentence("site", "Another site", "来自其他网站"),
    400: Sentence("bad-call", "Malformed call", "调用格式不正确"),
    401: Sentence("sign-in", "Sign in first", "请先登录"),
    403: Sentence("forbidden", "No consent", "没有授权"),
    404: Sentence("not-found", "Not found", "未找到"),
    405: Sentence("method", "Method not allowed", "不支持的请求方式"),
    408: Sentence("slow", "Too slow", "请求过慢"),
    409: Sentence("refused", "Refused", "未被接受"),
    413: Sentence("large", "Too large", "内容过大"),
    422: Sentence("malformed", "Malformed", "格式不正确"),
    429: Sentence("often", "Too many requests", "请求过于频繁"),
    431: Sentence("headers", "Headers too large", "请求头过大"),
    500: Sentence("fault", "A fault of ours", "服务故障"),
    503: Sentence("not-yet", "Not yet", "暂时不可用"),
}
"""By HTTP status, and by code where that says more; another one is as 409."""
