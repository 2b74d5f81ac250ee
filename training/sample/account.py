"""Accounts: who buys from whom, and the facts that all calls of an account share."""

from dataclasses import dataclass

from training.sample.draw import Draw
from training.sample.phrasebook import Bank, load_lexicon

INDUSTRIES = ("b2b_software", "insurance", "real_estate")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
N_REPS = 24
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_TIMES = ("nine", "ten", "eleven", "two", "three", "four")
_YEARS = (2009, 2019)
_PER_TEN = 10


@dataclass(frozen=True)
class SampleAccount:
    """An account; ``slots`` are the facts that its calls are worded with."""

    account_id: str
    rep_id: str
    industry: str
    split: str
    bank: Bank
    slots: dict[str, str]


def draw_account(seed: int, index: int, split: str) -> SampleAccount:
    """Account number ``index``: the same for a seed, whatever the number of calls."""
    draw = Draw(seed, "account", index)
    lexicon = load_lexicon()
    bank: Bank = "two" if split == "test" else "one"
    industry = INDUSTRIES[draw.below(len(INDUSTRIES))]
    shared, worded = lexicon[industry], lexicon[bank][industry]
    rep = draw.below(N_REPS)
    firm = draw.below(len(lexicon["sellers"][industry]))
    customer, boss, helper = draw.shuffled(lexicon["people"])[:3]
    city, city2 = draw.shuffled(lexicon["cities"])[:2]
    role = draw.pick(shared["helper_role"])
    price = draw.pick(shared["prices"])
    slots = {
        "rep": lexicon["reps"][rep],
        "cust": customer,
        "boss": boss,
        "boss_full": f"{draw.pick(shared['boss_role'])} {boss}",
        "helper": helper,
        "helper_full": f"{role} {helper}" if role.startswith(("my ", "our ")) else f"{helper} {role}",
        "seller": lexicon["sellers"][industry][firm],
        "product": lexicon["products"][industry][firm],
        "rival": draw.pick(lexicon["rivals"][industry]),
        "city": city,
        "city2": city2,
        "offer": draw.pick(shared["offer"]),
        "team": draw.pick(shared["team"]),
        "size": draw.pick(shared["sizes"]),
        "now_cost": draw.pick(shared["now_cost"]),
        "now": draw.pick(worded["now"]),
        "price": f"{number_words(price)} thousand",
        "budget": f"{number_words(price + draw.between(1, 2 + price // _PER_TEN))} thousand",
        "year": str(draw.between(*_YEARS)),
        "percent": number_words(draw.between(5, 15)),
    }
    slots["event"] = draw.pick(worded["event"]).format(month=draw.pick(MONTHS))
    slots |= draw.pick(worded["pains"])
    slots |= {f"{key}_to_you": _to_you(slots[key]) for key in ("happen", "cost")}
    return SampleAccount(f"S{seed}-{index + 1:05d}", f"R{rep + 1:02d}", industry, split, bank, slots)


def call_slots(draw: Draw, account: SampleAccount) -> dict[str, str]:
    """The account's facts and those that belong to one call, such as the day of the next meeting."""
    worded = load_lexicon()[account.bank][account.industry]
    months = draw.shuffled([month for month in MONTHS if month not in account.slots["event"]])
    other_features = [feature for feature in worded["features"] if feature != account.slots["feature"]]
    slots = {
        **account.slots,
        "month": months[0],
        "month2": months[1],
        "feature2": draw.pick(other_features),
        "meet": draw.pick(worded["meet"]),
        "paper": draw.pick(worded["paper"]),
        "trial": draw.pick(worded["trial"]),
        "day": draw.pick(_DAYS),
        "time": draw.pick(_TIMES),
    }
    slots |= draw.pick(worded["worries"])
    return slots


_SECOND_PERSON = {
    "i": "you", "we": "you", "me": "you", "us": "you", "my": "your", "our": "your", "ours": "yours", "we're": "you're",
}  # fmt: skip


def _to_you(text: str) -> str:
    """What the customer says of themselves, as the rep says it back."""
    return " ".join(_SECOND_PERSON.get(word.lower(), word) for word in text.split(" "))


_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_HUNDRED, _TWENTY = 100, 20


def number_words(n: int) -> str:
    """A whole number below 1,000 as it is said."""
    if n >= _HUNDRED:
        rest = n % _HUNDRED
        return f"{_ONES[n // _HUNDRED]} hundred" + (f" and {number_words(rest)}" if rest else "")
    if n >= _TWENTY:
        return _TENS[n // _PER_TEN] + (f"-{_ONES[n % _PER_TEN]}" if n % _PER_TEN else "")
    return _ONES[n]
