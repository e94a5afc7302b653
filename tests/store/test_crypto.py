import pytest

from store.crypto import DecryptionError, Keyring

SECRET = "x" * 32


def test_a_value_comes_back_only_with_its_own_key() -> None:
    stored = Keyring(SECRET).encrypt("Nguyễn Thị Hồng")
    assert Keyring(SECRET).decrypt(stored) == "Nguyễn Thị Hồng"
    with pytest.raises(DecryptionError):
        Keyring("y" * 32).decrypt(stored)


def test_a_changed_value_is_refused() -> None:
    keyring = Keyring(SECRET)
    stored = bytearray(keyring.encrypt("0912345678"))
    stored[-1] ^= 1
    with pytest.raises(DecryptionError):
        keyring.decrypt(bytes(stored))


def test_the_same_text_is_never_encrypted_the_same_way_twice() -> None:
    keyring = Keyring(SECRET)
    assert keyring.encrypt("MST 4600123456") != keyring.encrypt("MST 4600123456")


def test_hashes_depend_on_key_kind_and_value() -> None:
    keyring = Keyring(SECRET)
    same = keyring.hash("+84912345678", "phone")
    assert keyring.hash("+84912345678", "phone") == same
    assert keyring.hash("+84912345678", "tax_code") != same
    assert keyring.hash("+84912345679", "phone") != same
    assert Keyring("y" * 32).hash("+84912345678", "phone") != same


def test_names_are_found_word_by_word_without_accents_and_case() -> None:
    keyring = Keyring(SECRET)
    assert keyring.name_words("HONG nguyen") <= keyring.name_words("Nguyễn Thị Hồng")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Keyring("short")
