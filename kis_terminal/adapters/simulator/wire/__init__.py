"""The text on the wire: answers, columns, numbers, frames, encryption; no market is asked."""
