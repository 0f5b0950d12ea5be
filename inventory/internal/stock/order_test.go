package stock_test

import (
	"strings"
	"testing"

	"storefront/inventory/internal/stock"
)

func fields(faults []stock.Fault) string {
	var names []string
	for _, f := range faults {
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

func TestOrder_Validate(t *testing.T) {
	t.Parallel()
	order := func(kind stock.Kind, product, quantity, to int64, name, note string) stock.Order {
		return stock.Order{Kind: kind, ProductID: product, Quantity: quantity, ToBranch: to, Name: name, Note: note}
	}
	for name, tt := range map[string]struct {
		order  stock.Order
		faults string
	}{
		"receive":                     {order("receive", 1, 1, 0, "", ""), ""},
		"the most":                    {order("sell", 1<<63-1, 1_000_000, 0, strings.Repeat("ä", 120), strings.Repeat("ä", 500)), ""},
		"adjust up":                   {order("adjust", 1, 1_000_000, 0, "", ""), ""},
		"adjust down":                 {order("adjust", 1, -1_000_000, 0, "", "two\nlines"), ""},
		"transfer":                    {order("transfer", 1, 1, 2, "", ""), ""},
		"nothing":                     {stock.Order{}, "kind product_id quantity"},
		"another kind":                {order("steal", 1, 1, 0, "", ""), "kind"},
		"a kind in capitals":          {order("SELL", 1, 1, 0, "", ""), "kind"},
		"product 0":                   {order("sell", 0, 1, 0, "", ""), "product_id"},
		"product below":               {order("sell", -1, 1, 0, "", ""), "product_id"},
		"none":                        {order("sell", 1, 0, 0, "", ""), "quantity"},
		"a sale that adds":            {order("sell", 1, -1, 0, "", ""), "quantity"},
		"a transfer that takes":       {order("transfer", 1, -1, 2, "", ""), "quantity"},
		"too many":                    {order("receive", 1, 1_000_001, 0, "", ""), "quantity"},
		"the least integer":           {order("adjust", 1, -1<<63, 0, "", ""), "quantity"},
		"adjust by none":              {order("adjust", 1, 0, 0, "", ""), "quantity"},
		"adjust by too many":          {order("adjust", 1, 1_000_001, 0, "", ""), "quantity"},
		"transfer to nowhere":         {order("transfer", 1, 1, 0, "", ""), "to_branch"},
		"transfer to itself":          {order("transfer", 1, 1, 1, "", ""), "to_branch"},
		"transfer below":              {order("transfer", 1, 1, -2, "", ""), "to_branch"},
		"sale to a branch":            {order("sell", 1, 1, 2, "", ""), "to_branch"},
		"long texts":                  {order("sell", 1, 1, 0, strings.Repeat("a", 121), strings.Repeat("a", 501)), "name note"},
		"blank texts":                 {order("sell", 1, 1, 0, " ", "\n"), "name note"},
		"a name of two lines":         {order("sell", 1, 1, 0, "a\nb", ""), "name"},
		"NUL":                         {order("sell", 1, 1, 0, "a\x00", "a\x00"), "name note"},
		"text that is turned around":  {order("sell", 1, 1, 0, "a\u202eb", "a\u202eb"), "name note"},
		"text that is no UTF-8":       {order("sell", 1, 1, 0, "a\xff", "a\xff"), "name note"},
		"everything wrong, all named": {order("x", 0, 0, 1, " ", " "), "kind product_id quantity to_branch name note"},
	} {
		if got := fields(tt.order.Validate(1)); got != tt.faults {
			t.Errorf("%s: faults in %q, want %q", name, got, tt.faults)
		}
	}
}

func TestBranchContent_Validate(t *testing.T) {
	t.Parallel()
	for content, want := range map[stock.BranchContent]string{
		{Name: "Harbour Street", City: "Hamburg"}: "",
		{}:                        "name city",
		{Name: " ", City: "a\nb"}: "name city",
		{Name: strings.Repeat("a", 121), City: "Köln"}: "name",
	} {
		if got := fields(content.Validate()); got != want {
			t.Errorf("%+v: faults in %q, want %q", content, got, want)
		}
	}
}
