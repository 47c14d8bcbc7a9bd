from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.errors import BadSettings
from nguon.compose import open_records, open_series
from nguon.settings import Settings, load, refuse_placeholders


def test_the_environment_beats_the_file_and_the_file_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / "nguon.toml").write_text('mqtt_port = 1884\nissuer = "Hợp tác xã"\n')
    loaded = load(
        {"NGUON_FILE": str(tmp_path / "nguon.toml"), "NGUON_MQTT_PORT": "1885", "HOME": "/x"}
    )
    assert (loaded.settings.mqtt_port, loaded.settings.issuer) == (1885, "Hợp tác xã")
    assert loaded.origins["mqtt_port"] == "environment NGUON_MQTT_PORT"
    assert loaded.origins["issuer"].startswith("file ")
    assert loaded.origins["http_port"] == "default"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"NGUON_MQTT_PORT": "many"}, "NGUON_MQTT_PORT"),
        ({"NGUON_MQTT_PORT": "70000"}, "NGUON_MQTT_PORT"),
        ({"NGUON_MQTT_VERSION": "4"}, "NGUON_MQTT_VERSION"),
        ({"NGUON_MQTTPORT": "1"}, "there is no such setting"),
        ({"NGUON_PUBLIC_URL": "not-a-url"}, "NGUON_PUBLIC_URL"),
        ({"NGUON_ISSUER_GLN": "95200010090"}, "NGUON_ISSUER_GLN"),
        ({"NGUON_COMPANY_PREFIX": "952"}, "NGUON_COMPANY_PREFIX"),
        ({"NGUON_FILE": "/nowhere/nguon.toml"}, "NGUON_FILE"),
    ],
)
def test_a_bad_setting_is_named(environment: dict[str, str], why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        load(environment)


@pytest.mark.parametrize("secret", ["", "change-me", "CHANGE-ME", "short"])
def test_a_placeholder_refuses_to_start_outside_the_demo(secret: str) -> None:
    settings = Settings(session_secret=SecretStr(secret))
    with pytest.raises(BadSettings, match="SESSION_SECRET"):
        refuse_placeholders(settings)
    refuse_placeholders(settings.model_copy(update={"demo": True}))
    refuse_placeholders(Settings(session_secret=SecretStr("0123456789abcdef")))


def test_secrets_are_not_printed() -> None:
    settings = Settings(
        session_secret=SecretStr("a very secret secret"), mqtt_password=SecretStr("word")
    )
    assert "secret secret" not in repr(settings)
    assert "word" not in str(settings.mqtt_password)


@pytest.mark.parametrize("url", ["mysql://x", "", "/var/x.db"])
def test_a_store_of_an_unknown_kind_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="sqlite:///FILE, postgresql://… or influx://TOKEN@"):
        open_series(url)
    with pytest.raises(BadSettings, match="sqlite:///FILE or postgresql"):
        open_records(url)


def test_the_issuers_number_is_held_to_its_check_digit() -> None:
    assert Settings().issuer_party() is None
    assert Settings(issuer_gln="9520001009006").issuer_party() == "9520001009006"
    with pytest.raises(BadSettings, match=r"NGUON_ISSUER_GLN: .* check digit is 6"):
        Settings(issuer_gln="9520001009007").issuer_party()
