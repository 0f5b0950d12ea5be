package stock

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is why goods move.
type Kind string

// The kinds of movement.
const (
	Receive  Kind = "receive"  // from a supplier
	Sell     Kind = "sell"     // to a customer
	Adjust   Kind = "adjust"   // what was counted differs from the ledger
	Transfer Kind = "transfer" // to another branch
)

// Order is what somebody wants moved.
type Order struct {
	Kind      Kind   `json:"kind"`
	ProductID int64  `json:"product_id"`
	Quantity  int64  `json:"quantity"`           // of an adjustment the difference, which may be below zero
	ToBranch  int64  `json:"to_branch,omitzero"` // of a transfer
	Name      string `json:"name,omitzero"`      // of the product, for one that inventory does not know yet
	Note      string `json:"note,omitzero"`
}

// BranchContent is what people decide about a branch.
type BranchContent struct {
	Name string `json:"name"`
	City string `json:"city"`
}

// Fault says why one field cannot be accepted.
type Fault struct{ Field, Message string }

// Limits of a movement, and of texts in characters. The schema bounds what lies in a branch.
const (
	maxQuantity = 1_000_000
	maxStock    = 1_000_000_000
	maxName     = 120
	maxNote     = 500
)

// check gathers faults.
type check []Fault

func (c *check) that(ok bool, field, format string, args ...any) {
	if !ok {
		*c = append(*c, Fault{field, fmt.Sprintf(format, args...)})
	}
}

// Validate returns what is wrong with each field of an order to the branch, nothing when all are right.
func (o Order) Validate(branch int64) []Fault {
	var c check
	c.that(slices.Contains([]Kind{Receive, Sell, Adjust, Transfer}, o.Kind), "kind", "must be receive, sell, adjust or transfer")
	c.that(o.ProductID > 0, "product_id", "must be the id of a product")
	if o.Kind == Adjust {
		c.that(o.Quantity != 0 && o.Quantity >= -maxQuantity && o.Quantity <= maxQuantity, "quantity", "must be -%[1]d to %[1]d and not 0", maxQuantity)
	} else {
		c.that(o.Quantity > 0 && o.Quantity <= maxQuantity, "quantity", "must be 1 to %d", maxQuantity)
	}
	if o.Kind == Transfer {
		c.that(o.ToBranch > 0 && o.ToBranch != branch, "to_branch", "must be the id of another branch")
	} else {
		c.that(o.ToBranch == 0, "to_branch", "is for a transfer alone")
	}
	c.that(o.Name == "" || line(o.Name, maxName), "name", "must be one line of 1 to %d characters", maxName)
	c.that(o.Note == "" || line(strings.ReplaceAll(o.Note, "\n", ""), maxNote), "note", "must be a text of 1 to %d characters", maxNote)
	return c
}

// Validate returns what is wrong with each field, nothing when all are right.
func (b BranchContent) Validate() []Fault {
	var c check
	c.that(line(b.Name, maxName), "name", "must be one line of 1 to %d characters", maxName)
	c.that(line(b.City, maxName), "city", "must be one line of 1 to %d characters", maxName)
	return c
}

// line reports whether s is printable on one line; PostgreSQL has no NUL in its texts, and nobody wants the others.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unprintable)
}

// unprintable is true for control characters, and for those that change the direction of the text around them.
func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
