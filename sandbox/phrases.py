"""What simulated members say: short answers and small talk in three languages, put together by chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Phrases:
    """The words of one language; an answer is an opening, a thing and an end."""

    openings: tuple[str, ...]
    things: tuple[str, ...]
    ends: tuple[str, ...]
    chatter: tuple[str, ...]

    def answer(self, chance: Random) -> str:
        """One of some hundreds of plausible answers to a friendly question."""
        opening, thing, end = chance.choice(self.openings), chance.choice(self.things), chance.choice(self.ends)
        said = opening.format(thing)
        return f"{said[0].upper()}{said[1:]}{end}"


_ENGLISH = Phrases(
    openings=("{}", "{}", "honestly, {}", "for me it is {}", "this week: {}", "easy: {}", "I would say {}"),
    things=(
        "a slow coffee before anyone else is up", "the walk home along the river", "my sister calling out of nowhere",
        "an old record I had forgotten about", "finishing the book at last", "soup on a rainy evening",
        "the neighbour's dog, who thinks we are best friends", "a quiet morning without meetings",
        "learning three chords on the guitar", "a long bike ride with no plan", "fresh bread from the corner shop",
        "the first tomatoes on the balcony", "a card from a friend, on real paper", "getting up early for once",
    ),
    ends=(".", ".", "!", ". Every time.", ", no contest.", ". Small, but it counts.", ". Who else?", ". :)"),
    chatter=(
        "Good morning, everyone.", "Nice one.", "Oh, I like that answer!", "Same here.", "I needed that today.",
        "Anyone around this evening?", "Ha, so true.", "These are lovely to read.",
    ),
)  # fmt: skip
_GERMAN = Phrases(
    openings=("{}", "{}", "ganz klar: {}", "bei mir {}", "diese Woche: {}", "ehrlich gesagt {}", "für mich {}"),
    things=(
        "ein langsamer Kaffee, bevor alle wach sind", "der Heimweg am Fluss entlang", "ein Anruf meiner Schwester",
        "eine alte Platte, die ich vergessen hatte", "endlich das Buch zu Ende gelesen", "Suppe an einem Regenabend",
        "der Hund von nebenan, der mich für seinen besten Freund hält", "ein ruhiger Morgen ohne Termine",
        "drei Akkorde auf der Gitarre", "eine lange Radtour ohne Plan", "frisches Brot vom Bäcker an der Ecke",
        "die ersten Tomaten auf dem Balkon", "eine Karte von einer Freundin, auf echtem Papier",
    ),
    ends=(".", ".", "!", ". Jedes Mal.", ", keine Frage.", ". Klein, aber es zählt.", ". Und bei euch?", ". :)"),
    chatter=(
        "Guten Morgen zusammen.", "Schön!", "Das gefällt mir.", "Geht mir auch so.", "Ist heute Abend jemand da?",
        "Haha, stimmt.", "Sehr schön zu lesen, was ihr schreibt.",
    ),
)  # fmt: skip
_FRENCH = Phrases(
    openings=("{}", "{}", "franchement, {}", "pour moi, {}", "cette semaine : {}", "c’est simple : {}", "disons {}"),
    things=(
        "un café tranquille avant que tout le monde se lève", "le chemin du retour le long du fleuve",
        "un appel de ma sœur, sans prévenir", "un vieux disque que j’avais oublié", "le livre enfin terminé",
        "une soupe un soir de pluie", "le chien des voisins, qui me prend pour son meilleur ami",
        "un matin calme sans réunion", "trois accords de guitare", "une longue balade à vélo sans but",
        "le pain frais du coin de la rue", "les premières tomates du balcon", "une carte d’une amie, sur papier",
    ),
    ends=(".", ".", " !", ". À chaque fois.", ", bien sûr.", ". C’est peu, mais ça compte.", ". Et vous ?", ". :)"),
    chatter=(
        "Bonjour à tous.", "Joli !", "J’aime beaucoup.", "Pareil pour moi.", "Quelqu’un ce soir ?", "Ha, c’est vrai.",
        "C’est un plaisir de vous lire.",
    ),
)  # fmt: skip
_LANGUAGES = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH}


def phrases(locale: str) -> Phrases:
    """The words of a BCP 47 tag's language; English where we have none."""
    return _LANGUAGES.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)


_STEPS = {
    "back": {"back", "zurück", "retour"},
    "cancel": {"cancel", "abbrechen", "annuler", "stop"},
    "skip": {"skip", "überspringen", "passer", "ignorer"},
    "done": {"done", "fertig", "terminé", "valider", "ok"},
    "keep": {"keep", "behalten", "garder", "conserver"},
    "no": {"no", "nein", "non"},
}


def step(label: str) -> str:
    """What a dialogue's button is for, beyond an answer: back, cancel, skip, done, keep or no; else empty."""
    words = "".join(letter if letter.isalpha() else " " for letter in label).casefold().split()
    return next((name for name, said in _STEPS.items() if words and words[0] in said), "")
