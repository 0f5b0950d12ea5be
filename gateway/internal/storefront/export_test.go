package storefront

// What only tests look at by itself.
var (
	Amount      = amount
	ParseAmount = parseAmount
)
