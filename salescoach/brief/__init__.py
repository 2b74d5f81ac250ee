"""The call in half a page, every line of it quoted: needs, who decides, concerns and answers, price, next step."""
