package storefront

import (
	"fmt"
	"slices"
	"strconv"

	"storefront/shared/problem"
)

// order is a movement that somebody wants, as inventory takes it.
type order struct {
	Kind      string `json:"kind"`
	ProductID int64  `json:"product_id"`
	Quantity  int64  `json:"quantity"`
	ToBranch  int64  `json:"to_branch,omitzero"`
	Name      string `json:"name,omitzero"` // of a product that the branch does not have yet
	Note      string `json:"note,omitzero"`
}

// The kinds of movement.
const (
	receive  = "receive"
	sell     = "sell"
	adjust   = "adjust"
	transfer = "transfer"
)

// change is what comes to the branch, below zero what goes.
func (o order) change() int64 {
	if o.Kind == sell || o.Kind == transfer {
		return -o.Quantity
	}
	return o.Quantity
}

// yard is where goods can move: a branch with what lies there, and the visitor's other branches.
type yard struct {
	holding
	others []Branch
}

// name is that of one of the other branches, or "".
func (y yard) name(id int64) string {
	for _, b := range y.others {
		if b.ID == id {
			return b.Name
		}
	}
	return ""
}

// kinds are those that the visitor can do: a transfer needs a second branch.
func (y yard) kinds() []option {
	all := []option{
		{Value: receive, Label: "Receive from a supplier"},
		{Value: sell, Label: "Sell to a customer"},
		{Value: adjust, Label: "Correct after counting"},
		{Value: transfer, Label: "Transfer to another branch"},
	}
	if len(y.others) == 0 {
		return all[:3]
	}
	return all
}

// order reads what was typed. It finds what can be seen from here, so that the question whether to go on is asked about a movement that
// will most likely be done; inventory decides.
func (y yard) order(typed map[string]string) (o order, faults []problem.Field) {
	fault := func(field, message string) { faults = append(faults, problem.Field{Name: field, Message: message}) }
	o = order{Kind: typed["kind"], Note: typed["note"]}
	if !slices.ContainsFunc(y.kinds(), func(k option) bool { return k.Value == o.Kind }) {
		fault("kind", "must be one of these")
	}
	var ok bool
	if o.ProductID, ok = whole(typed["product_id"]); !ok || o.ProductID <= 0 {
		if o.ProductID, ok = whole(typed["other"]); typed["other"] == "" {
			fault("product_id", "must be chosen, or its number given below")
		} else if !ok || o.ProductID <= 0 {
			fault("other", "must be the number of a product, such as 12")
		}
	}
	if o.Quantity, ok = whole(typed["quantity"]); !ok || o.Quantity == 0 {
		fault("quantity", "must be a whole number other than 0")
	} else if o.Quantity < 0 && o.Kind != adjust {
		fault("quantity", "must be more than 0; only a correction can be less")
	}
	if o.Kind == transfer {
		if o.ToBranch, ok = whole(typed["to_branch"]); !ok || y.name(o.ToBranch) == "" {
			fault("to_branch", "must be chosen for a transfer")
		}
	}
	return o, faults
}

// shortage finds that there is not enough for the movement. It is asked before the movement is sent, and never when it may have been
// sent before: what is here then may be what it has left.
func (y yard) shortage(o order) []problem.Field {
	if has := y.quantity(o.ProductID); has+o.change() < 0 {
		return []problem.Field{{Name: "quantity", Message: fmt.Sprintf("must leave no less than nothing: there are %d", has)}}
	}
	return nil
}

func whole(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
