"""Answers to KIS's REST calls about Korean shares and accounts, a module for each subject."""
