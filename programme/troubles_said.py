"""What an owner tells that a person must see, whatever else the message asks: a scam suffered, money taken, the law, or
anger at the hotline.

Words are compared without accents, except where they would become another word (kiến, mắt, đổi). What is only asked
about, feared or imagined ("có bị phạt không", "nếu bị trừ tiền") is no trouble.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from store.text import fold

Trouble = Literal["scam", "legal", "money", "anger"]

# Spelt so, a word is not the one that it looks like without its accents: kiện, tức, lừa, mất, trừ, thu, đòi, trả …
_OTHER_WORDS = frozenset(
    "kiến kiên kiền tục túc lựa lúa lụa lửa mắt mặt mật mát trú trữ thư thứ thủ thử đổi đợi đời đội đôi đối dối trà"
    " hoãn nó nợ nở chó chỗ chờ chợ rơi rời rối mọi mời môi mỗi lo lỡ sợ số sổ sơ sở phát bức bây bày bảy bầy tỏa ngủ"
    " chồng ngữ ngũ ngư đợt tới gian giãn giản giận điên điện điền cáu câu cầu chặn chân đã cô ổ tứ thế thề".split()
)
_SAME_WORDS = {"ck": "chuyen khoan", "r": "roi", "tk": "tai khoan", "dc": "duoc", "đc": "duoc", "mk": "minh"}
_SAME_WORDS |= {"cty": "cong ty", "ng": "nguoi", "wa": "qua", "wá": "qua", "nừa": "lua", "dồi": "roi", "tr": "trieu"}
_SAME_WORDS |= {"mà": ",", "nhưng": ",", "but": ","}
_TOKEN = re.compile(r"[^\W_]+|[,.;!?\n]")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")


def _any(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(ways))


_NOT = r"(?:khong|ko|k|kg|kh|hok|hong|hem|chang|cha|nỏ|chua)"
_SELF = r"(?:toi|tui|minh|bac|cô|chu|em|e|anh|chi|chau|me|bo|nha|quan|tiem|shop|choa|tao|ong|ba|con)"
_THEY = r"(?:nó|no|han|ho|bon|thang|dua|ke|tui no|chung|nguoi (?:ta|la)|lua dao|ke gian)"
_SUM = r"(?:tien|may trieu|\d+ ?(?:trieu|tr|cu|k|ngan|nghin|m)?|trieu|cu|coc|ship)"
# That it happened, and not only to people in general.
_HAPPENED = (
    r"(?:vua|moi|roi|da|đã|lo(?= (?:chuyen|doc|dua|bam|cai|gui)\b)|lỡ|trot|chot|nay|cuu|oi|hom|sang nay"
    r"|tu (?:nhien|dung|dong)|xong|het sach|\d+ ?(?:trieu|tr|cu|k)|i (?:lost|was|sent|got|gave)|from me|my \w+"
    rf"|{_SELF} (?:vua |moi |da |đã |hay )?(?:bi|mat|het)"
    r"|(?:bi|mat|lay|het) (?:mat |het )?(?:may |ca )?(?:\d+|trieu|chuc|tram))"
)
_SCAM = _any(
    r"\bbi (?:\w+ ){0,4}?(?:lua|gat)\b(?! (?:chon|tinh))",
    rf"\b(?:lua|lừa) (?:mat|het|lay|sach|{_SELF}\b)",
    rf"\b(?:da|đã|lo|lỡ|trot|chot|vua|moi) (?:\w+ )?chuyen (?:\w+ ){{0,3}}?cho (?:\w+ )?(?:{_THEY}|lua)\b",
    rf"\b(?:da|đã|lo|lỡ|trot|chot|vua) (?:doc|dua|gui|noi|cho) (?:\w+ ){{0,3}}?(?:otp|ma|mật khau|mat"
    rf" khau)\b(?=.{{0,100}}\b(?:cho (?:\w+ )?{_THEY}|roi)\b)",
    r"\bbi (?:\w+ ){0,2}?hack\b",
    r"\bbi (?:\w+ ){0,2}?chiem (?:doat|quyen|mat|tai khoan|nick|zalo|facebook)\b",
    r"\bbi rut (?:sach|het|mat|trom)\b",
    r"\btai khoan (?:\w+ ){0,5}?(?:bay|mat|het) (?:sach|het|mat|tien|\w+ trieu|\d)",
    rf"\b(?:mat|het|bay) (?:sach |het |toi )?{_SUM}\b(?=.{{0,100}}\b(?:link|app|ung dung|otp|ma|hack|tai khoan|qua mang"
    rf"|lua)\b)",
    r"\b(?:link|app|ung dung|otp|hack)\b.{0,100}(?<!co) (?:mat|het|bay) (?:sach |het |mat )?(?:tien|trieu|\d)",
    r"\b(?:chuyen|coc)\b.{0,100}\b(?:chặn|chan|tat may|khoa may|bien mat)\b",
    r"\b(?:was|were|been|got) (?:scammed|cheated|hacked|defrauded)\b",
    r"\bscammed (?:me|us|my)\b",
    r"\blost (?:\w+ ){1,4}to (?:a |the )?scam",
    r"\baccount was emptied\b",
)
_BACK = r"(?: lai)? (?:\w+ )?(?:tien|phi)\b(?! (?:mat|le)\b)"
_MONEY = _any(
    r"\bbi (?:\w+ ){0,3}?(?:tru|(?<!lua )tinh|thu) (?:\w+ ){0,3}?(?:tien|phi|cuoc|\d)",
    r"\b(?:tien|phi|trieu|\d+k?) (?:\w+ ){0,2}?bi (?:tru|thu)\b",
    r"\b(?:tru|thu|tinh|mat) (?:\w+ ){0,2}?(?:tien|phi|cuoc) (?:\w+ ){0,2}?(?:oan|vo co|vo ly|sai|nham|hai lan"
    r"|2 lan|trai phep)\b",
    r"\b(?:tru|thu|tinh) (?:sai|nham|trung) (?:tien|phi)\b",
    r"\btu (?:nhien|dung|dong) (?:\w+ ){0,3}?(?:tru|mat|thu) (?:\w+ ){0,2}?(?:tien|phi|\d)",
    rf"\b(?:tra|hoan)(?: lai)? (?:tien|phi)(?: lai)?(?: cho)? {_SELF}\b",
    r"\b(?:doi|hoan|tra) lai tien (?:day|di|ngay|gap|luon)\b",
    # "Trả tiền" is to pay, for whoever wants or has to; who demands it wants it back
    rf"\b{_SELF} (?:muon|can|xin|phai)(?: duoc)? (?:hoan|tra(?= lai)|lay|doi){_BACK}",
    rf"\b{_SELF} (?:doi|yeu c[aầ]u|de nghi)(?: duoc)? (?:hoan|tra|lay|doi){_BACK}",
    rf"\b(?:dong|nop|nap|tra|mat) (?:\w+ ){{0,3}}?(?:tien|phi|trieu)\b(?: \w+){{0,4}}?(?: (?:roi|xong|,))+(?:"
    rf" \w+){{0,5}}? {_NOT} (?!biet (?:\w+ )?(?:dung|xai|lam|mo|cai)\b)(?:\w+ ){{0,2}}?(?:dung|xai|duoc|thay|ai|co"
    rf"|lam|cai|giao|ho tro|mo|chay)\b",
    r"\bcharged (?:me|us)\b",
    r"\b(?:was|were|been|got) (?:charged|overcharged|billed)\b",
    r"\brefund (?:me|us|my)\b",
    r"\b(?:want|need|demand) (?:a |my |the )?(?:full )?refund\b",
    r"\bmy money back\b",
    r"\btook (?:my|our) money\b",
)
_NOT_ASKED = r"(?!.{0,100}\b(?:bao nhieu|nhieu|the nao|co (?:phai|can)|theo luat|luat nao|gi|sao|nao|may|o dau)\b)"
_SUE = r"(?:len|ra|cac|may (?:nguoi|ong|anh)|tui bay|bon|cong ty|hotline|chung|ben|cho)"
_LEGAL = _any(
    r"\bkhoi kien\b",
    rf"(?<!dieu )(?<!su )(?<!phu )(?<!linh )\bkien {_SUE}\b",
    rf"\b{_SELF} (?:se|phai|di|dinh|quyet) (?:di )?kien(?: (?:day|do|luon|het))?$",
    r"\b(?:ra|hau|len|gap nhau o) toa(?: an)?\b",
    r"\bdon kien\b",
    r"\bbi (?:\w+ )?kien$",
    r"\b(?:nho|thue|goi) luat su (?:kien|roi|gui)\b",
    rf"\bluat su cua {_SELF}\b",
    r"\b(?:se|phai|di|dang) (?:(?!khai|thong)\w+ )?(?:bao|to cao|trinh bao|goi|dua|keu) (?:\w+ ){0,3}?(?:cong an"
    r"|canh sat|thanh tra|bao chi)\b",
    r"\bto cao (?:cac|may nguoi|bon|chung|cong ty|hotline|can bo|nhan vien|ben|len)\b",
    r"\bbi (?:cong an|quan ly thi truong|thanh tra) (?:\w+ )?(?:moi|bat|giu|lap|trieu tap|phat)\b",
    rf"\bbi thue phat\b{_NOT_ASKED}",
    rf"(?:(?:^|, )(?:vua|moi|da|đã|dang) |\b{_SELF} (?:vua |moi |da |đã |dang )?)bi (?:\w+ )?(?:xu"
    rf" )?phat\b{_NOT_ASKED}",
    r"\bbi (?:xu )?phat (?:oan|vo ly)\b",
    r"\bphat (?:oan|vo ly)\b",
    r"\b(?:nhan|gui|ky|ra|co)(?: \w+){0,2} (?:quyet dinh|bien ban) (?:xu )?phat\b",
    r"\bdang tranh chap\b",
    r"\btranh chap hop dong\b",
    r"\b(?:will|going to|gonna|ll) sue\b",
    r"\bsue (?:you|them)\b",
    r"\bmy lawyer\b",
    r"\b(?:you|them) to court\b",
    r"\blegal action\b",
    r"\b(?:i|we|my shop) (?:was|were|got) fined\b",
    r"\breport (?:you|this) to the police\b",
)
_INSULT = _any(
    r"\b(?:do|thang|con bot|bot|may|lu|noi) ngu\b",
    r"\bngu (?:qua|the|vay|vl|vai|nhu|lam|xuan|ngoc|nguoi)\b",
    r"^ngu$",
    r"\bdo (?:ngoc|điên|khung|dot|dan|rac|chó|khon|dở|do hoi|vo dung|mat day|lao|may moc|an hai)\b",
    r"\b(?:bot|may|robot) (?:\w+ )?(?:dot|rac|vo dung|vo hoc|rach viec|do hoi)\b",
    r"\boc (?:chó|cho|lon|bo)\b",
    r"\bdau dat\b",
    r"\b(?:cam|im) (?:mom|mieng|hong)\b",
    r"\bcut (?:di|xeo|khuat)\b",
    r"\bvo (?:dung|hoc) (?:qua|that|the)\b",
    r"\brac ruoi\b",
    r"\bkhon (?:nan|kiep)\b",
    r"\bmat day\b",
    r"\bbo lao\b",
    r"\blao toet\b",
    r"\b(?:dm|đm|dmm|đmm|dcm|đcm|vcl|vkl|clgt|dkm|đkm|cmnr)\b",
    r"\b(?:dit|địt|cặc|lồn|buồi|đéo)\b",
    r"\b(?:me|to su)(?: nha)? may\b",
    r"\bfuck",
    r"\bidiots?\b",
    r"\bmorons?\b",
    r"\bbullshit\b",
    r"\bwtf\b",
    r"\b(?:you|bot|so) (?:are )?(?:stupid|dumb|useless|garbage)\b",
    r"\bshut up\b",
    r"\b(?:useless|stupid|dumb) (?:bot|machine|hotline|service)\b",
)
_MUCH = r"(?:qua+|lam|that|ghe|du|vl|vai|het|chet|roi|len)"
_FEELING = _any(
    rf"\bbuc (?:minh|boi|{_MUCH})\b",
    rf"(?<!thu )(?<!tiep )(?<!lien )(?<!tin )\btuc (?:gian|giận|minh|{_MUCH}|anh ach)\b",
    rf"\bgiận (?:{_MUCH})\b",
    r"(?<!thoi )(?<!khong )(?<!trung )\bgian (?:qua|lam) (?:roi|di|nha)\b",
    rf"\b(?:cáu|điên) (?:{_MUCH}|tiet|mau|dau)\b",
    r"\b(?:buc|bức) xuc\b",
    r"\bphan no\b",
    r"\buc che\b",
    r"\bhet chiu noi\b",
    r"\bchiu het noi\b",
    r"\bthat vong\b",
    r"\b(?:qua|rat) te\b",
    r"\btoi te\b",
    r"\bte (?:qua|hai|that|lam)\b",
    r"\bchan (?:qua|lam|ngay)\b",
    r"\bqua dang\b",
    r"\bkhong (?:the )?chap nhan(?: duoc)?\b",
    r"\bvo trach nhiem\b",
    r"\b(?:tra loi|noi) (?:\w+ )?(?:vo van|linh tinh|nham nhi|xao lon)\b",
    r"\btac trach\b",
    r"\b(?:so|very|really|extremely) (?:angry|annoyed|annoying|frustrated|frustrating|disappointed|upset)\b",
    r"\b(?:angry|furious|ridiculous|fed up)\b",
    r"\b(?:terrible|awful|worst) (?:service|hotline|support|answers?)\b",
    r"\bwast\w+ my time\b",
)
# The hotline, its bot, and those whom it stands for.
_AT_US = _any(
    r"\b(?:tra loi|hotline|bot|chatbot|tong dai|lam an|can bo|thai do|nhan vien|phuc vu|ho tro|vo trach nhiem"
    r"|tac trach)\b",
    r"\b(?:cac|may) (?:nguoi|anh|chi|ong|ba|em)\b",
    rf"\b(?:hoi|goi|cho|chờ|doi|đợi|nhan) (?:\w+ ){{0,2}}?(?:mai|hoai|lau|suot|ca|{_NOT})\b",
    rf"\b{_NOT} ai\b",
    r"\b(?:hua|hen)\b",
    r"\b(?:this|your|you|hotline|service|nobody|support)\b",
)
_ONLY_FEELING, _BARE_FEELING = 7, 5  # words; whoever says nothing else means us
# What is told comes first, and reading takes longer the longer a text is.
LONGEST = 600
_IMAGINED = _any(
    r"\b(?:neu|gia su|nho ma|sợ|so bi|lo bi|ngai|tranh|khoi bi|keo|lieu|canh bao|phong (?:chong|tranh|ngua)|muc|co)\b",
    r"(?:\bphong|(?<!vo )\bchong)$",  # what follows is the trouble
    r"\bde (?:khong|ko|k|khoi)\b",
    r"\blỡ (?:ma|bi|co)\b",
    r"\b(?:khi (?:nao|bi)|luc nao|bao gio)\b",
    r"\blam (?:sao|rang|the nao) (?:de|biet|tranh)\b",
    r"\bnghe (?:noi|don|bao|ke)\b",
    r"\b(?:if|whether|afraid|avoid|could|would|(?:can|do) (?:you|i|we|they|it|the|people|somebody|someone))\b",
    rf"\b(?:so|lo|{_NOT})(?: \w+)?$",
)
_ASKED = re.compile(
    rf"\b(?:(?<!duoc ){_NOT}|bao nhieu|nhieu|bn|thi (?:sao|lam gi|lam sao|bao ai|phai lam sao|the nao))"
    r"(?: (?:vay|z|a|em|e|ad|nhi|ha|chau|the|v|ta|oi|bac|cô|co|chi|anh|day|tien|hả))*$"
)
_OTHERS = _any(
    r"\b(?:khach|nguoi (?:mua|ban|khac)|hang xom|ban (?:toi|em|minh|bac)|quang cao|telesales?|spam|tiep thi"
    r"|shopee|lazada|tiktok|facebook|fb|momo|zalopay|ngan hang|luong|san|van chuyen|cod|ki ot)\b",
)
_IS_IT_TRUE = re.compile(r"\b(?:that (?:khong|ko|k|hay)|lua dao|gia (?:khong|ko|k|mao|danh)|co dung|tin duoc)\b")
_TAX = re.compile(r"\b(?:thue|gtgt|vat)\b")
_HAPPENED_SAID = re.compile(rf"\b{_HAPPENED}\b")


def trouble_said(text: str, intent: str | None = None) -> Trouble | None:
    """The gravest trouble that the message tells; None for what the bot may go on with.

    `intent`: how the message was understood, where that is known.
    """
    whole = _words(text[:LONGEST])
    said = [clause for clause in re.split(r" ?[.;!?\n] ?", whole) if clause]
    if any(_told(_SCAM, clause) and _HAPPENED_SAID.search(clause) for clause in said):
        return "scam"
    if intent == "ask_scam_lost_money" and _HAPPENED_SAID.search(whole):
        return "scam"
    ours = intent != "out_of_scope" or _AT_US.search(whole) is not None
    if ours and any(_told(_LEGAL, clause) and not _IS_IT_TRUE.search(whole) for clause in said):
        return "legal"
    if any(_told(_MONEY, clause) and not (_OTHERS.search(clause) or _TAX.search(clause)) for clause in said):
        return "money"
    return "anger" if _is_angry(whole, ours) else None


def _told(trouble: re.Pattern[str], clause: str) -> bool:
    """Whether the clause tells it as what happens, or happened."""
    return any(
        not _IMAGINED.search(clause[: found.start()].rpartition(",")[2].rstrip())
        and not _ASKED.search(_rest(clause, found))
        for found in trouble.finditer(clause)
    )


def _rest(clause: str, found: re.Match[str]) -> str:
    """What was found, to the end of its part of the clause."""
    return clause[found.start() : found.end()] + clause[found.end() :].partition(",")[0].rstrip()


def _is_angry(whole: str, is_ours: bool) -> bool:
    if _INSULT.search(whole):
        return True
    if not _FEELING.search(whole) or _OTHERS.search(whole):
        return False
    return bool(_AT_US.search(whole)) or len(whole.split()) <= (_ONLY_FEELING if is_ours else _BARE_FEELING)


def _words(text: str) -> str:
    """The text as accent-free words and punctuation, with single spaces."""
    written = _TOKEN.findall(_STRETCHED.sub(r"\1", unicodedata.normalize("NFC", text).lower()))
    return " ".join(_SAME_WORDS.get(word, word if word in _OTHER_WORDS else fold(word)) for word in written)
