"""The settings: one table, three places to give them, and where the key comes from.

A value comes from the command's option, else from its environment variable, else from the profile, else from the
default. ``table`` holds the settings, ``layers`` merges them, ``profiles`` reads and writes the file of profiles and
``keys`` finds the key, which is never one of the values.
"""

from almascan.settings.keys import Key, find_key, keep_in_file, keep_in_keyring, read_key, without_keys
from almascan.settings.layers import journal_place, load_settings, profile_settings
from almascan.settings.profiles import Profiles, config_path, read_profiles, write_profiles
from almascan.settings.table import SETTINGS, Setting, Settings

__all__ = [
    "SETTINGS",
    "Key",
    "Profiles",
    "Setting",
    "Settings",
    "config_path",
    "find_key",
    "journal_place",
    "keep_in_file",
    "keep_in_keyring",
    "load_settings",
    "profile_settings",
    "read_key",
    "read_profiles",
    "without_keys",
    "write_profiles",
]
