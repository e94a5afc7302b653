"""Which names a misspelt one may be: one letter wrong, or the spaces elsewhere. The strictness lies here.

Pure rules. Where a name may stand is said in `commune_finder.py` and `commune_alone.py`.
"""

from __future__ import annotations

from typing import List, Sequence, Set

from rapidfuzz.distance import OSA

from nlu.components.commune_names import CommuneNames
from nlu.components.sentence import Sentence, key_of

# Letters (spaces left out) from which a typo is corrected: after a unit; across spaces, or after a short unit; in one
# word with the unit; behind "ở"; alone.
LEAST_AFTER_UNIT, LEAST_ACROSS_SPACES, LEAST_GLUED, LEAST_BEHIND_LOCATIVE, LEAST_ALONE = 3, 6, 7, 6, 8

# Words that go on after "xã" or "phường" and are no misspelt part of a name: "xã mình thành…", "xã em có…".
NO_NAME_WORDS = frozenset(
    "mình tôi tui em anh chị bác cô chú ta nhà này nay nào đó kia ấy mấy khác và hoặc có là thì ở cho của mới cũ cũng"
    " đã đang được bên ai gì nếu sao với về đi ra vào như phường xã huyện tỉnh à á ạ hả nhỉ nhé nhá ơi vậy thế đấy đây"
    " rồi chưa không nữa".split(" ")
)
_NO_NAME_WORDS_PLAIN = frozenset(key_of(word) for word in NO_NAME_WORDS)


class TypoRules:
    """Candidates are keys of names of more than one word; a single syllable cannot be corrected."""

    def __init__(self, names: CommuneNames) -> None:
        self._names = names

    def after_unit(self, sentence: Sentence, first: int, last: int) -> List[str]:
        """The keys that the words [first, last) behind a unit may be, without being one."""
        letters, size = sentence.letters(first, last), last - first
        keys = self._spaced_otherwise(sentence, first, last, letters)
        if keys:
            return keys
        # A space may have become a letter ("tânxcương"), or a letter a space ("tân cư ng").
        sizes = (size - 1, size, size + 1) if len(letters) >= LEAST_ACROSS_SPACES else (size,)
        keys = [key for key in self._names.one_typo_from(letters) if " " in key and key.count(" ") + 1 in sizes]
        if not keys or sentence.capitals(first, last):
            return keys
        no_name = _NO_NAME_WORDS_PLAIN if sentence.plain(first, last) else NO_NAME_WORDS
        typed = sentence.typed(first, last)
        return [] if any(_differing(typed, key) <= no_name for key in keys) else keys

    def glued(self, sentence: Sentence, first: int, last: int, rest: str) -> List[str]:
        """The keys of `rest`, the letters of the first word behind "xã", with the words (first, last)."""
        letters = rest + sentence.letters(first + 1, last)
        keys: Sequence[str] = self._names.joined(letters)
        if not keys and sentence.words[first].odd and len(letters) >= LEAST_GLUED:
            keys = [key for key in self._names.one_typo_from(letters) if key.count(" ") + 1 == last - first]
        return [key for key in keys if " " in key]

    def alone(self, sentence: Sentence, first: int, last: int, least: int = LEAST_ALONE) -> List[str]:
        """The one key that words without a unit are a typo of; none unless it is unmistakable.

        One of the words must be no Vietnamese syllable; else "tăng cường" would become Tân Cương, and the answer
        "trái cây" the commune Trại Cau.
        """
        odd = {word.folded for word in sentence.words[first:last] if word.odd}
        letters = sentence.letters(first, last)
        if len(odd) != 1 or len(min(odd)) < LEAST_AFTER_UNIT or len(letters) < least:
            return []
        folded = [word.folded for word in sentence.words[first:last]]
        near = self._names.one_typo_from(letters)
        keys = [key for key in near if key.count(" ") + 1 == last - first]
        return keys if len(keys) == 1 and _differing(folded, keys[0]) == odd else []

    def neighbours(self, typed: Sequence[str], value: str) -> List[str]:
        """Other names than `value` that are one letter, accent or space away from what was typed, accents included."""
        written = " ".join(typed)
        letters = key_of(" ".join(typed)).replace(" ", "")
        if written == value.lower():
            return []
        near = [*self._names.joined(letters), *self._names.one_typo_from(letters)]
        names = {spelling.name for key in near for spelling in self._names.spellings(key)} - {value}
        return sorted(name for name in names if OSA.distance(written, name.lower(), score_cutoff=1) <= 1)

    def _spaced_otherwise(self, sentence: Sentence, first: int, last: int, letters: str) -> List[str]:
        """The keys with these letters and other spaces: "tâncương", "phủt hông"; but "và nhắn" is not Văn Hán."""
        keys = [key for key in self._names.joined(letters) if " " in key]
        if not keys:
            return []
        moved = any(word.odd for word in sentence.words[first:last])
        accented = "".join(sentence.typed(first, last))
        return [
            key
            for key in keys
            if moved
            or key.count(" ") + 1 != last - first
            or any(spelling.name.lower().replace(" ", "") == accented for spelling in self._names.spellings(key))
        ]


def _differing(typed: Sequence[str], key: str) -> Set[str]:
    """The typed words (lower case, accents or not) that are not the key's at their place; all if there are more."""
    right = key.split(" ")
    if len(typed) != len(right):
        return set(typed)
    return {word for word, wanted in zip(typed, right, strict=True) if key_of(word) != wanted}
