package product

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault says why one field cannot be accepted.
type Fault struct{ Field, Message string }

// Limits of a product's texts in characters, and of its price in minor units.
const (
	maxName        = 120
	maxDescription = 2000
	maxPrice       = 1_000_000_000_00
)

var (
	skuForm      = regexp.MustCompile(`^[A-Z0-9](?:[A-Z0-9-]{0,30}[A-Z0-9])?$`)
	categoryForm = regexp.MustCompile(`^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$`)
)

// Validate returns what is wrong with each field, nothing when all are right.
func (c Content) Validate() []Fault {
	var faults []Fault
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			faults = append(faults, Fault{field, fmt.Sprintf(format, args...)})
		}
	}
	check(skuForm.MatchString(c.SKU), "sku", "must be 1 to 32 capital letters, digits and hyphens, such as KIT-0001")
	check(line(c.Name) && length(c.Name, maxName), "name", "must be one line of 1 to %d characters", maxName)
	check(text(c.Description) && length(c.Description, maxDescription), "description", "must be a text of 1 to %d characters", maxDescription)
	check(c.Price >= 0 && c.Price <= maxPrice, "price", "must be 0 to %d minor units", int64(maxPrice))
	check(Currency(c.Currency), "currency", "must be a currency of ISO 4217, such as EUR")
	check(Category(c.Category), "category", "must be 1 to 32 small letters, digits and hyphens, such as kitchen")
	return faults
}

// Category reports whether name has the form of a category.
func Category(name string) bool { return categoryForm.MatchString(name) }

// Currency reports whether code is a currency in use (ISO 4217, list one, without funds and precious metals).
func Currency(code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(currencies, " "+code+" ")
}

const currencies = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP" +
	" CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES" +
	" KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD" +
	" OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY" +
	" TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

// length counts characters, and blanks at the ends as none.
func length(s string, most int) bool {
	return utf8.RuneCountInString(s) <= most && strings.TrimSpace(s) != ""
}

// line reports whether s is printable on one line; PostgreSQL has no NUL in its texts, and nobody wants the others.
func line(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable)
}

func text(s string) bool { return line(strings.ReplaceAll(s, "\n", "")) }

// unprintable is true for control characters, and for those that change the direction of the text around them.
func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
