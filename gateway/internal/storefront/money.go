package storefront

import (
	"strconv"
	"strings"
)

// decimals are how many digits of a currency stand behind the point, where it is not two (ISO 4217).
var decimals = map[string]int{
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0,
	"XAF": 0, "XOF": 0, "XPF": 0,
}

func decimalsOf(currency string) int {
	if n, ok := decimals[currency]; ok {
		return n
	}
	return 2
}

// amount writes minor units of a currency as people do: 905 EUR is 9.05.
func amount(minor int64, currency string) string {
	n := decimalsOf(currency)
	digits, sign := strconv.FormatInt(minor, 10), ""
	if minor < 0 {
		digits, sign = digits[1:], "-"
	}
	if n == 0 {
		return sign + digits
	}
	if short := n + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	return sign + digits[:len(digits)-n] + "." + digits[len(digits)-n:]
}

// parseAmount reads what people type for an amount, with a point or a comma: 9, 9.5 and 9,50 are amounts of euros, 9.505 is none.
func parseAmount(text, currency string) (minor int64, ok bool) {
	whole, part, _ := strings.Cut(strings.Replace(strings.TrimSpace(text), ",", ".", 1), ".")
	n := decimalsOf(currency)
	if whole == "" || len(part) > n || strings.ContainsFunc(whole+part, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+part+strings.Repeat("0", n-len(part)), 10, 64)
	return minor, err == nil
}
