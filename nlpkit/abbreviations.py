"""The words that tell what a full stop is for: abbreviations, and words that begin sentences.

All are in lower case and without their last stop, but for the states of the USA, which are common
words when they are not capitalised.
"""

from __future__ import annotations


def _words(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


# Before a name: they never end a sentence, except as measures (`5 ft.`).
TITLES = _words("""
    mr mrs ms messrs mme mlle dr drs prof profs sen sens rep reps gov govs gen gens lt col cols
    sgt capt cpt cmdr cdr maj adm rev revd hon pres fr supt det insp atty cpl pvt pfc spc amb
    ald mt ft pt lieut brig asst sra srta
""")

# In the middle of a sentence only.
NEVER = _words("""
    cf e.g i.e eg ie viz vs approx incl excl esp feat fig figs eq eqs eqn eqns ca
""")

# Abbreviations only where a number follows.
BEFORE_NUMBER = _words("""
    no nos nr p pp ref refs prop def cor ex art op ed eds sun mon tue tues wed thu thur thurs
    fri sat al c b d n l approx
""")

# Also before a Roman numeral or a letter.
BEFORE_NUMERAL = _words("""
    vol vols sec secs sect ch chap tab tabs thm lem app para
""")

# Abbreviations that may end a sentence: the next word decides.
MAY_END = _words("""
    inc corp ltd co cos bros llc plc jr sr esq st ste ave blvd rd hwy dept univ assn assoc natl
    intl govt dist est min max misc mgr gmbh jan feb mar apr jun jul aug sept sep oct nov dec ed
    eds al resp ft lb lbs oz sq dir exec pop trans repr ibid ph phd bldg apt
""")

# Parts of addresses, after a comma.
STATES = _words("""
    Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb
    Nev Okla Ore Pa Tenn Tex Vt Va Wash Wis Wyo Ont Que Alta
""")

# Words that, capitalised, begin sentences and are seldom part of a name.
STARTERS = _words("""
    the this that these those there here he she it they we i you his her its their our my your a
    but and or so yet nor if when while although though because since as at in on for from with
    without by to of after before during until unless once among despite over between through
    however moreover furthermore meanwhile nevertheless nonetheless therefore thus hence instead
    also then now not no what who where why how which whether many most some several all both
    each every few one two three another other others such according about today yesterday is
    are was were has have had does did can could should would let see please it's he's she's
    that's they're we're i'm i've there's here's what's you're let's we've they've don't earlier
    later still even just only last next asked an
""")

# What may follow `5 p.m.` in the same sentence with a capital.
AFTER_HOUR = _words("""
    et est edt ct cst cdt mt mst mdt pt pst pdt gmt utc bst cet cest ist eastern central
    mountain pacific london beijing moscow tokyo paris monday tuesday wednesday thursday friday
    saturday sunday
""")

# A capital letter after them is no initial: `Plan B.`
LETTERED = _words("""
    hepatitis vitamin plan type group grade class section appendix part point figure table title
    option exhibit version category phase series team schedule division level case block gate
    line unit
""")

# Names that end in an exclamation mark.
BANG_NAMES = _words("""
    yahoo jeopardy yum e wham oklahoma panic
""")

# Words of up to three letters that are no unknown abbreviations.
COMMON_SHORT = _words("""
    it him her his me us you up out in on off so too to do did was is be had has now day way all
    yes one two man men son job car war law lot end old new bad big she he they we i go see say
""")
