"""The people, rooms and words of a believable demo, in English and Spanish."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

HISTORY = timedelta(days=91)
DOMAIN = "@demo.invalid"  # of their addresses: it tells them from real people
FIRST_NAMES = (
    *("Ana", "Bruno", "Carla", "Diego", "Elena", "Felipe", "Gloria", "Hugo", "Inés", "Javier", "Lucía", "Marcos"),
    *("Nuria", "Óscar", "Pilar", "Raúl", "Sofía", "Tomás", "Valeria", "Ximena", "Amelia", "Ben", "Charlotte", "Dylan"),
    *("Emily", "Finn", "Grace", "Henry", "Isla", "Jack", "Keira", "Liam", "Maya", "Noah", "Olivia", "Priya"),
    *("Quentin", "Ruby", "Samuel", "Tess", "Uma", "Victor", "Wanda", "Yusuf", "Zoe", "Aiko", "Chen", "Fatima"),
)
LAST_NAMES = (
    *("García", "Martínez", "López", "Sánchez", "Romero", "Navarro", "Torres", "Iglesias", "Núñez", "Cabrera"),
    *("Vidal", "Ortega", "Fuentes", "Molina", "Peña", "Smith", "Walker", "Hughes", "Bennett", "Murphy", "Clarke"),
    *("Foster", "Reid", "Sharma", "Okafor", "Kowalski", "Nakamura", "Rossi", "Lindqvist", "Haddad"),
)
ROOM_NAMES = (
    *("Plaza", "Cocina", "Books", "Web team", "Fútbol", "Music", "Huerto", "Travel", "Ayuda", "Design"),
    *("Películas", "Running", "Ofertas", "Science", "Traducciones", "Photos", "Barrio", "Games", "Becas", "Releases"),
)
TOPICS = (
    "Everybody is welcome here",
    "Preguntas, respuestas y alguna que otra receta",
    "What we are working on this week",
    "Para quedar el fin de semana",
    "Links worth reading",
    "",
)
EMOJI = ("👍", "❤️", "😂", "🎉", "👀", "🙏", "🔥", "✅")

OPENINGS = {
    "en": (
        "Has anybody tried {thing} yet?",
        "Morning! Who is in {place} today?",
        "I'm putting together {thing} for {day}. Any wishes?",
        "Quick question about {thing}: is the latest version the one in the shared folder?",
        "Reminder: we meet on {day} at {hour}, in {place}.",
        "Does {day} at {hour} work for everybody?",
        "I read a good piece on {thing}: <https://example.org/articles/{number}>",
        "Last night {thing} broke again. Looking into it now.",
        "Thanks to all who came to {place} on {day}, that was lovely.",
        "Who could lend me a hand with {thing}? It takes {number} minutes at most.",
    ),
    "es": (
        "¿Alguien ha probado ya {thing}?",
        "¡Buenos días! ¿Quién está hoy en {place}?",
        "Estoy preparando {thing} para el {day}. ¿Qué os apetece?",
        "Una duda sobre {thing}: ¿la última versión es la de la carpeta compartida?",
        "Recordad que quedamos el {day} a las {hour} en {place}.",
        "¿Os viene bien el {day} a las {hour}?",
        "He leído un artículo muy bueno sobre {thing}: <https://example.org/articulos/{number}>",
        "Anoche volvió a fallar {thing}. Lo estoy mirando.",
        "Gracias a quienes vinisteis el {day} a {place}, fue estupendo.",
        "¿Quién me echa una mano con {thing}? Son {number} minutos como mucho.",
    ),
}
ANSWERS = {
    "en": (
        *(
            "Yes!",
            "Count me in.",
            "Not yet, but I'd like to.",
            "Works for me.",
            "Good idea.",
            "Ha, exactly.",
            "Thanks!",
        ),
        *("Sorry, I can't on {day}.", "Let me check and come back to you.", "I'll bring {thing}.", "Same here."),
        "I had the same problem. Turning it off and on **actually** helped.",
        "Could we make it {hour} instead? I'm in {place} until then.",
        "As far as I know it is still open. {name} would know.",
        "It took me {number} minutes the first time, and two the second.",
        "I like the first half; the second reads a bit long. Maybe cut {thing}?",
        "Here is how I would do it:\n\n1. start small\n2. ask {name}\n3. write down what we learn",
        "> the latest version\n\nThat one is from {day}, there is a newer one.",
        "On my way, ten minutes. The bus from {place} is late *again*.",
        "This explains it better than I can: https://example.org/wiki/{number}",
        "No hurry, {day} is fine too.",
        "Seen from {place} it makes a lot more sense, and the light there is wonderful at {hour}.",
    ),
    "es": (
        *("¡Sí!", "Me apunto.", "Todavía no, pero me gustaría.", "Por mí, bien.", "Buena idea.", "Jaja, tal cual."),
        *("¡Gracias!", "El {day} no puedo, lo siento.", "Lo miro y os digo.", "Yo llevo {thing}.", "Yo igual."),
        "A mí me pasaba lo mismo. Apagar y encender **de verdad** funcionó.",
        "¿Podría ser a las {hour}? Hasta entonces estoy en {place}.",
        "Que yo sepa sigue abierto. {name} lo sabrá seguro.",
        "La primera vez tardé {number} minutos; la segunda, dos.",
        "La primera parte me gusta; la segunda se hace larga. ¿Quitamos {thing}?",
        "Yo lo haría así:\n\n1. empezar con poco\n2. preguntar a {name}\n3. apuntar lo que aprendamos",
        "> la última versión\n\nEsa es del {day}, hay otra más nueva.",
        "Voy de camino, diez minutos. El autobús de {place} llega tarde *otra vez*.",
        "Aquí lo explican mejor que yo: https://example.org/wiki/{number}",
        "Sin prisa, el {day} también vale.",
        "Visto desde {place} se entiende mucho mejor, y la luz a las {hour} es una maravilla.",
    ),
}
SLOTS = {
    "en": {
        "thing": (
            "the new menu",
            "the reading list",
            "the balcony tomatoes",
            "the poster",
            "the search",
            "the playlist",
        ),
        "place": ("the library", "the kitchen", "room 12", "the park", "the old market", "Seville"),
        "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    },
    "es": {
        "thing": ("el menú nuevo", "la lista de lecturas", "los tomates", "el cartel", "el buscador", "la playlist"),
        "place": ("la biblioteca", "la cocina", "la sala 12", "el parque", "el mercado viejo", "Bristol"),
        "day": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado"),
    },
}
HOURS = ("9:30", "11:00", "13:15", "16:00", "17:45", "19:30")
CODE = (
    "```python\ndef total(prices: list[float]) -> float:\n    return round(sum(prices) * {number} / 100, 2)\n```",
    "```js\nconst open = rooms.filter((room) => room.kind === 'open').slice(0, {number});\n```",
    "```sql\nSELECT day, count(*) FROM visits WHERE room = {number} GROUP BY day ORDER BY day;\n```",
    "Try `git bisect start HEAD v1.{number}`, it found mine in six steps.",
    "```\nTraceback (most recent call last):\n  File \"menu.py\", line {number}, in <module>\nKeyError: 'tomates'\n```",
)
SECOND_THOUGHTS = {"en": "Edit: it is {day}, not later.", "es": "Corrijo: es el {day}, no más tarde."}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what people say, from one source of chance."""

    chance: Random
    names: tuple[str, ...]

    def opening(self, language: str) -> str:
        return self._fill(self.chance.choice(OPENINGS[language]), language)

    def answer(self, language: str) -> str:
        if self.chance.random() < 0.02:
            return self._fill(self.chance.choice(CODE), language)
        return self._fill(self.chance.choice(ANSWERS[language]), language)

    def corrected(self, body: str, language: str) -> str:
        return f"{body}\n\n{self._fill(SECOND_THOUGHTS[language], language)}"

    def _fill(self, text: str, language: str) -> str:
        for slot, values in SLOTS[language].items():
            text = text.replace(f"{{{slot}}}", self.chance.choice(values))
        text = text.replace("{hour}", self.chance.choice(HOURS)).replace("{name}", self.chance.choice(self.names))
        return text.replace("{number}", str(self.chance.randint(2, 60)))
