"""Words that say on which side somebody is: "Sales Rep", "Kundin", "vendeur", alone or with a name."""

import re
from functools import lru_cache
from typing import Final

from salescoach.reading.spelling import folded
from salescoach.reading.texts import phrases
from salescoach.types import Role


def _folded(text: str) -> frozenset[str]:
    return frozenset(map(folded, phrases(text)))


_REP_WORDS: Final = _folded(
    """
    rep|sales rep|sales representative|representative|salesperson|sales person|salesman|saleswoman|sales|seller|agent
    sales agent|insurance agent|real estate agent|realtor|broker|advisor|adviser|sales advisor|account executive
    account exec|ae|account manager|sdr|bdr|sales development rep|sales development representative
    business development rep|business development representative|sales consultant|consultant|sales manager
    sales engineer|customer success manager|csm|sales executive|sales associate|sales specialist|sales director
    solutions engineer|solution engineer|solutions consultant|presales|pre sales|inside sales|support agent
    service agent|call center agent|customer service|customer service representative|customer service rep|csr
    customer service agent|customer support|customer support agent|customer care|customer success|client partner
    client advisor|client adviser|client executive|client manager|client director|client success manager
    Verkäufer|Verkäuferin|Verkaeufer|Verkaeuferin|Berater|Beraterin|Kundenberater|Kundenberaterin|Kundenbetreuer
    Kundenbetreuerin|Verkaufsberater|Verkaufsberaterin|Vertrieb|Vertriebler|Vertrieblerin|Vertriebsmitarbeiter
    Vertriebsmitarbeiterin|Vertriebsleiter|Vertriebsleiterin|Außendienst|Innendienst|Außendienstmitarbeiter
    Außendienstmitarbeiterin|Vertreter|Vertreterin|Makler|Maklerin|Agentin|Verkauf
    vendeur|vendeuse|commercial|commerciale|conseiller|conseillère|conseiller commercial|conseillère commerciale
    conseiller clientèle|conseillère clientèle|conseiller client|téléconseiller|téléconseillère|agent commercial
    agente commerciale|attaché commercial|attachée commerciale|ingénieur commercial|chargé d'affaires
    chargée d'affaires|représentant|représentante|courtier|courtière|technico-commercial
    vendedor|vendedora|asesor|asesora|asesor comercial|asesora comercial|asesor de ventas|asesora de ventas|comercial
    agente|agente comercial|agente de ventas|representante|representante de ventas|consultor|consultora
    ejecutivo de ventas|ejecutiva de ventas|ejecutivo de cuentas|ejecutiva de cuentas|ejecutivo comercial|teleoperador
    teleoperadora|assessor|assessora|assessor comercial|atendente|corretor|corretora|consultor de vendas
    consultora de vendas|executivo de vendas|executiva de vendas|executivo de contas|executiva de contas
    representante comercial|representante de vendas|gerente de vendas|gerente de ventas
    venditore|venditrice|consulente|consulente commerciale|commerciale|agente di vendita|agente di commercio
    agente commerciale|rappresentante|addetto alle vendite|addetta alle vendite|responsabile commerciale
    verkoper|verkoopster|adviseur|adviseuse|verkoopadviseur|klantadviseur|vertegenwoordiger|accountmanager|makelaar
    verkoopmedewerker|commercieel medewerker|klantenservice
    """
)
_CUSTOMER_WORDS: Final = _folded(
    """
    customer|client|prospect|buyer|lead|caller|potential customer|prospective customer|prospective buyer|homebuyer
    home buyer|policyholder|prospective client|potential client|end customer|consumer|homeowner|shopper|purchaser
    Kunde|Kundin|Kund|Käufer|Käuferin|Kaeufer|Kaeuferin|Interessent|Interessentin|Auftraggeber|Auftraggeberin|Anrufer
    Anruferin|Klient|Klientin|Einkäufer|Einkäuferin|Einkaeufer|Endkunde|Neukunde|Neukundin|Kaufinteressent|Mandant
    Mandantin
    cliente|clienta|acheteur|acheteuse|prospecte|appelant|appelante|futur client|future cliente|acquéreur
    comprador|compradora|prospecto|interesado|interesada|interessado|interessada|cliente potencial|posible cliente
    acquirente|compratore|compratrice|potenziale cliente|possibile cliente|cliente potenziale
    klant|koper|koopster|opdrachtgever|opdrachtgeefster|beller|cliënt|cliënte|inkoper|potentiële klant
    """
)
# Words that may stand behind a role word without being a name: "Lead Engineer", "Customer Satisfaction".
_NO_NAMES: Final = _folded(
    """
    manager|director|engineer|team|lead|service|services|support|success|care|experience|representative|advisor|adviser
    executive|operations|ops|vp|head|officer|assistant|coordinator|specialist|developer|architect|analyst|designer|owner
    scientist|president|partner|trainer|enablement|marketing|relations|side|desk|name|names|id|satisfaction|time|times
    source|sources|note|notes|budget|number|target|targets|call|calls|concern|concerns|need|needs|persona|pain|profile
    feedback|question|questions|request|requests|requirements|quote|quotes|tax|process|cycle|pipeline|generation|goal
    goals|status|type|value|list|story|stories|reference|base|says|said|speaking|wants|asked|response|details|info
    information|data|date|email|phone|address|journey|agreement|contract|order|orders|score|review|reviews|company|role|wish|wishes
    """
)
_NOT_BEFORE_A_NAME: Final = frozenset({"lead"})  # "Lead Architect" is a job on either side
_PARTICLES: Final = phrases("de|da|del|der|den|di|van|von|la|le|el|al|bin|y|e")

_SEPARATORS = re.compile(r"[()\[\],/|*\u00b7\u2013\u2014_]|\s-\s")
_BETWEEN_WORDS = re.compile(r"[\s#-]+")
_NUMBER = re.compile(r"(?<!\s)\s*+(?:#\s*+)?(?:(?<!\d)\d++|\b[a-d])$")  # of "customer 2", "rep b"
_MAX_WORDS = 4  # of a role
_MAX_NAME_WORDS = 4


@lru_cache(maxsize=4096)  # the labels of a call recur
def side_of(label: str) -> Role | None:
    """The side that a label names by a role word alone: "Rep", "Customer 1", "Rep (Anna)", "Dana - Buyer", "Kundin"."""
    return _only({_side_of_words(_NUMBER.sub("", part.strip())) for part in _SEPARATORS.split(folded(label))})


def side_named_in(label: str) -> Role | None:
    """As ``side_of``, or the side of the role word that stands before a name: "Agent Kim", "Sales Rep Lou"."""
    return side_of(label) or _only({_side_before_name(part) for part in _SEPARATORS.split(label)})


def _only(sides: set[Role | None]) -> Role | None:
    """The one side, None where there is none or both."""
    sides.discard(None)
    return sides.pop() if len(sides) == 1 else None


def _side_of_words(plain: str) -> Role | None:
    words = " ".join(_BETWEEN_WORDS.split(plain.strip()))
    if words in _REP_WORDS or plain in _REP_WORDS:
        return "rep"
    return "customer" if words in _CUSTOMER_WORDS else None


def _side_before_name(part: str) -> Role | None:
    """By the longest role word that a part begins with: "Customer Service Kim" is none of the customer's."""
    words = [word for word in _BETWEEN_WORDS.split(part) if word]
    for n in range(min(_MAX_WORDS, len(words) - 1), 0, -1):
        role = folded(" ".join(words[:n]))
        side = _side_of_words(role)
        if side is not None and role not in _NOT_BEFORE_A_NAME:
            return side if _is_name(words[n:], is_small=part.islower()) else None
    return None


def _is_name(words: list[str], *, is_small: bool) -> bool:
    plain = [folded(word).strip(".") for word in words]
    if len(words) > _MAX_NAME_WORDS or not _NO_NAMES.isdisjoint(plain):
        return False
    if is_small:
        return len(words) == 1 and words[0].isalpha()
    capitals = [not word[0].islower() for word in words]
    return any(capitals) and all(
        is_capital or word in _PARTICLES for is_capital, word in zip(capitals, plain, strict=True)
    )
