"""The rules of KRX and NXT as data and pure functions: calendar, hours, ticks, kinds of orders, costs."""
