"""Words of phrases that stand before a colon and are nobody: "Quick question", "Bottom line", "Kurze Frage"."""

import re
from typing import Final

# Words that no phrase of a name has in small letters: "Here is what I think", "Mi idea es".
_FUNCTION_WORDS: Final = frozenset(
    """
    a about after again all also always am an any are as at be because been before being both but by can can't
    cannot could did do does doesn't don't done each either else enough even ever every everything few for from
    get getting give given go goes going gone got had has have having he her here here's hers him his how how's
    i i'd i'll i'm i've if in into is isn't it it's its just know least less let let's like made make many maybe
    me mean might more most much must my need neither never no none nor not nothing now off often ok okay on
    once one only or other our ours out over own perhaps please put said same saw say says see seem seems shall
    she should since so some something soon still such take tell than thank thanks that that's their them then
    there there's these they they're thing things think this those though through thus till to today tomorrow
    too under until up upon us use very want wants was wasn't way we we'd we'll we're we've well went were what
    what's when where which while who why will with without won't would yes yesterday yet you you'd you'll
    you're you've your yours aber als auch auf aus bei bitte da dann das dass dem der die dies diese doch ein
    eine einem einen einer es für hier ich ihr im ist ja jetzt kein keine mal mein meine mit nach nein nicht
    noch nun nur oder ob sein sich sie sind und uns unser unsere viel vom von vor war warum weil wenn wer wie
    wir wo zu zum zur au aussi avec c'est ce cela ces cette comme dans donc du elle en encore est et il ils je
    là leur mais même mes moi mon ne nos notre nous ou où par parce pas peu plus pour quand que quel quelle qui
    quoi sa sans ses si son sont sur ta toi ton très tu un une vos votre vous voici voilà además ahora algo aquí
    así aunque bien como con cuando del donde él ella ellos entonces eso esta está este esto hay las lo los más
    mi mis muy nada ni nosotros nuestra nuestro o para pero por porque qué quién se sí sin sobre su sus también
    te tengo todo una usted ya yo agora ainda aqui assim até com depois dele dela dos ele ela em então essa esse
    eu foi isso isto já mas meu minha muito não na nas nós nossa nosso num numa os pelo quando quem sem ser seu
    sua só também tem têm tenho um uma você allora anche ancora che chi ci come cosa così cui dal dalla delle
    dove e è ed era gli ho io la le lei loro lui ma mia mio molto nel nella noi non nostra nostro ora per perché
    più poi quello questa questo sei solo sono suo ti tra tutto voi aan al ben bij dan dat de deze dit dus een
    er ook geen haar heb hebben heeft het hij hoe hun ik jij kan kun maar mee met mij mijn moet naar niet niets
    nog nu of om omdat onder ons onze op tegen toch toen tot u uit uw van veel voor waar waarom wanneer waren
    wat wel wij wil worden wordt ze zich zij zijn zo
    """.split()
)
# Words that phrases before a colon are made of, with those above; none is a usual name.
_PHRASE_WORDS: Final = frozenset(
    """
    absolutely action actual actually additional additionally admittedly advice agreed alright although
    alternatively analogy anecdote announcement another answer anyway apparently apologies argument ask aside
    assume assumption awesome background bad basic basically believe benefit benefits best better big bigger
    biggest bonus bottom brief briefly bright budget business call careful case caution caveat caveats certainly
    challenge change chance clarification clear clearly close closing comment common comparison compromise
    concern concerns concession conclusion condition confession confirmation consequence consider consideration
    contrast correct correction correctly cost counterpoint crazy critical crucial curious curveball daily data
    dates deal decision deep default definitely definition detail details difference different difficult dilemma
    direct disclaimer disclosure downside easy elephant email end essentially estimate evidence exactly example
    excellent exception expectation experience explanation extra fact facts fair famous fast favorite favourite
    feature features feedback few fifth final finally fine first firstly fix fixed flag focus follow following
    follow-up food forecast fourth frankly free frequently friendly full fully fun funny further furthermore
    future fyi general generally given glad goal goals golden good great greatest guess guideline half happy
    hard heads help helpful hence high highlight hint history homework honest honestly hopefully hot hour
    housekeeping however huge hypothetical idea ideally ideas imagine imho imo impact important importantly
    in-depth incidentally included indeed info information initial inside insight instead instruction
    interesting interestingly introduction investment issue issues item items key kicker kidding kind largest
    last lastly lately later latest lesson lessons let likely limitation limits line list listen literally
    little logistics long longer look luckily main mainly major math maximum meaning meanwhile meeting memo
    message method metric milestone mini minimum minor miracle missing mistake monthly moral moreover motto myth
    namely nearly needless negative net nevertheless new news next nice normally note noted notes notice number
    numbers objection obvious obviously odd offer offers opening opinion opportunity option options order
    original ordinarily otherwise outcome outlook overall overview particularly payment pending perfect period
    personal personally perspective picture pitch plain plainly plan plans plus point pointer points policy
    politely positive possible possibly postscript potential practical practically precisely preference previous
    previously price prices pricing primarily primary principle priority private pro problem problems process
    promise proof proposal pros cons proviso punchline purpose question questions quick quickly quote random
    range rate rather rating reality really reason reasons recap recommendation record reference regarding
    regardless regular related relevant remark remarkable remember reminder reply report request requirement
    requirements response result results retrospective review right risk risks roughly rule rules sad sadly safe
    scenario schedule scope second secondly secret section seriously serious setup several short shortly side
    sidebar sidenote significant similar similarly simple simply situation sixth slight slightly small smart
    smaller solution solutions sorry specifically spoiler start starting state statement statistic stats status
    step steps story strange strategy strong suddenly suggestion suggestions sum summary super sure surely
    surprise surprisingly task teaser technically term terms tests theory therefore third thirdly thought
    thoughts timeline timing tip tips title tl;dr tldr top topic topics total tough trade-off transition
    translation trick tricky true truly truth twist typical typically ultimately understood unfortunately unless
    unrelated upcoming update updates upside upshot urgent usual usually value version view warning weekly weird
    win wish word words work worry worries worst worth wow wrap wrong yearly yep yeah monday tuesday wednesday
    thursday friday saturday sunday january february march july september october november december morning
    afternoon evening night week month year quarter allgemein anmerkung antwort aufgabe außerdem beispiel
    bemerkung bitte dringend ehrlich ende endlich erstens fazit frage fragen genau gesagt grund gute guten guter
    gutes hinweis idee kern klar klartext kleine kleiner kurz kurze kurzer kurzes leider letzte letzter letztes
    lösung nachricht nächste nächster nebenbei nochmal ordnung preis punkt rede sache schlechte schlimmstenfalls
    schritt sinn stand stichwort tatsache thema tipp übrigens unklar unterm strich vorschlag vorab vorteil
    nachteil wahrheit warnung wichtig wichtige wichtiger wichtigste wichtigster zahl ziel zusammengefasst
    zusammenfassung zweitens zwischenfrage astuce attention avantage bilan bon bonne bref brève clair conseil
    courte dernier dernière détail donc effet enfin exemple fait finalement franchement grand idée inconvénient
    nouvelle nouvelles parenthèse petit petite précision premier première premièrement principal problème
    prochaine proposition rapide rappel raison remarque réponse résultat résumé somme souci suite sujet surtout
    vérité aclaración acuerdo aviso breve buena bueno buenas claro conclusión consejo consulta corta dato datos
    detalle duda ejemplo favor finalmente francamente gran hecho importante mala malas mejor motivo noticia
    noticias nota objetivo opción paréntesis pequeña pequeño peor plazo precio pregunta preguntas primera
    primero próximo punto rápida rápido razón recordatorio respuesta resumen resumiendo segunda segundo
    siguiente sinceramente solución tema última último ventaja verdad boa boas bom conselho curiosidade curta
    dica dúvida então exemplo fato facto geral honestamente ideia lembrete má más melhor notícia notícias obs
    observação opção pergunta perguntas pior ponto preço primeira primeiro razão resposta resultado resumindo
    resumo solução vantagem verdade avviso buona buone certo chiarimento conclusione consiglio curiosità
    dettaglio domanda domande dubbio esempio fatto finale infine insomma notizia notizie obiettivo opzione
    ottima parte passo piccola piccolo precisazione prezzo prima primo promemoria proposta prossimo rapida
    rapido ragione riassumendo riassunto riepilogo risposta risultato seconda secondo sincera soluzione ultima
    ultimo vantaggio verità veloce advies antwoord belangrijk belangrijkste conclusie eerlijk eerste feit feitje
    goede goed grote herinnering kort korte kortom laatste leuk leuke opmerking oplossing probleem punt reden
    samengevat samenvatting slecht slechte slot snelle stap tweede uitleg vraag vraagje volgende voorbeeld
    voordeel nadeel voorstel waarheid waarschuwing
    """.split()
)
# Small words that stand within names and titles too: "Ana de la Cruz", "Kim from Hexa", "Bank of Malta".
_NAME_PARTS: Final = frozenset(
    """
    al am an at bei bin da das de del der di die dos du e el en et for from in la las le los of on op te ter the
    to und van vom von with y zu zum zur aan het
    """.split()
)
# Common words that are first names too, and pronouns that note takers use as names: "Me" and "Them".
_FIRST_NAMES: Final = frozenset("al ben chance dan den ella lui mia per will van".split())
_PRONOUNS: Final = frozenset(
    "me you them us we i he she they her him an do my le ha ich du sie wir moi toi vous yo tu usted eu io lei ik jij"
    " none null nobody other others".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’;-][^\W\d_]+)*")
_IN_PARENTHESES = re.compile(r"\([^)]{0,64}+\)")


def is_phrase(label: str) -> bool:
    """Whether words before a colon are made of common words only, or begin or go on as a sentence does."""
    written = _words(label)
    words = [word.casefold() for word in written]
    if not words or (len(words) == 1 and words[0] in _PRONOUNS):
        return False
    if any(word in _FIRST_NAMES and name[0].isupper() for word, name in zip(words, written, strict=True)):
        return False
    if all(word in _FUNCTION_WORDS or word in _PHRASE_WORDS for word in words):
        return True
    goes_on = any(word[0].islower() and word not in _NAME_PARTS and word in _FUNCTION_WORDS for word in written[1:])
    return goes_on or (words[0] in _FUNCTION_WORDS and words[0] not in _NAME_PARTS and written[-1][0].islower())


def has_common_word(label: str) -> bool:
    """Whether a label holds a word that phrases are made of, and isn't a pronoun alone."""
    words = list(map(str.casefold, _words(label)))
    if len(words) == 1 and words[0] in _PRONOUNS:
        return False
    return any(word in _PHRASE_WORDS or (word in _FUNCTION_WORDS and word not in _NAME_PARTS) for word in words)


def _words(label: str) -> list[str]:
    return _WORD.findall(_IN_PARENTHESES.sub("", label).replace("’", "'"))
