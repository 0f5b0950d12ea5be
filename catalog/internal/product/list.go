package product

import (
	"context"
	"fmt"
	"strings"

	"storefront/shared/database"
)

// Sort is a way to order products. Those that are equal in it follow by id.
type Sort string

// The ways to sort.
const (
	ByID        Sort = "" // the oldest first
	Newest      Sort = "newest"
	ByName      Sort = "name" // without regard to case
	ByPrice     Sort = "price"
	ByPriceDown Sort = "-price"
)

// Sorts returns every way that has a name.
func Sorts() []Sort { return []Sort{Newest, ByName, ByPrice, ByPriceDown} }

// order is a way to sort in SQL: by key, then id, in one direction, so that one index serves and can be entered anywhere.
type order struct {
	key   string // "" is the id alone
	value string // how a key is made from a value of the cursor
	down  bool
}

var orders = map[Sort]order{
	ByID:        {},
	Newest:      {down: true}, // ids are given out in order
	ByName:      {key: "lower(products.name)", value: "lower(%[1]s)"},
	ByPrice:     {key: "products.price", value: "%[1]s"},
	ByPriceDown: {key: "products.price", value: "%[1]s", down: true},
}

// Sale says which products are meant, by whether they are on sale.
type Sale int

// The public sees what is on sale, and nothing else.
const (
	OnSale Sale = iota
	OffSale
	AnySale
)

var sales = map[Sale][]string{OnSale: {"products.active"}, OffSale: {"NOT products.active"}, AnySale: nil}

// Query chooses products.
type Query struct {
	Sale     Sale
	Search   string // every word of it is in the product, as a word or the beginning of one; "" is all
	Category string // "" is all
	MinPrice *int64
	MaxPrice *int64
	Sort     Sort
	After    *Position // the last product of the page before; nil is the first page
	Limit    int
}

// List returns a page of products and whether there are more.
func (s *Store) List(ctx context.Context, q Query) (products []Product, more bool, err error) {
	text, args := statement(q, s.db.Dialect())
	err = s.db.Read(ctx, func(ctx context.Context, r database.Querier) error {
		products, err = database.All(ctx, r, scan, text, args...)
		return err
	})
	if len(products) > q.Limit {
		return products[:q.Limit], true, err
	}
	return products, false, err
}

// statement gives the SQL of a query. Its text depends on which filters there are, and never on their values.
func statement(q Query, dialect database.Dialect) (string, []any) {
	where := newConditions(sales[q.Sale]...)
	from, id := "products", "products.id"
	if q.Search != "" {
		from, id = search(q.Search, dialect, where)
	}
	if q.Category != "" {
		where.add("products.category = %s", q.Category)
	}
	if q.MinPrice != nil {
		where.add("products.price >= %s", *q.MinPrice)
	}
	if q.MaxPrice != nil {
		where.add("products.price <= %s", *q.MaxPrice)
	}
	o := orders[q.Sort]
	if q.After != nil {
		where.add(o.after(id), q.After.key(q.Sort)...)
	}
	return "SELECT " + columns + " FROM " + from + where.text() + " ORDER BY " + o.by(id) + " LIMIT " + where.arg(q.Limit+1), where.args
}

// search adds the condition that the words are there, and gives the tables to read and the id by which they are in order.
func search(text string, dialect database.Dialect, where *conditions) (from, id string) {
	if dialect == database.Postgres {
		where.add("products.search @@ to_tsquery('simple', %s)", tsquery(words(text)))
		return "products", "products.id"
	}
	// The index of words stands first and is read in the order of its ids; joined otherwise, all that matches would be gathered before.
	where.add("products_search MATCH %s", ftsQuery(words(text)))
	return "products_search CROSS JOIN products ON products.id = products_search.rowid", "products_search.rowid"
}

func (o order) by(id string) string {
	direction := ""
	if o.down {
		direction = " DESC"
	}
	if o.key == "" {
		return id + direction
	}
	return o.key + direction + ", " + id + direction
}

// after is the condition to stand behind a position, whose values it has places for. It says the first half of the comparison once more by
// itself, because SQLite enters an index of expressions by no other.
func (o order) after(id string) string {
	sign := ">"
	if o.down {
		sign = "<"
	}
	if o.key == "" {
		return id + " " + sign + " %s"
	}
	return fmt.Sprintf("%[1]s %[3]s= %[4]s AND (%[1]s, %[2]s) %[3]s (%[4]s, %%[2]s)", o.key, id, sign, o.value)
}

// conditions gathers what follows WHERE, and the arguments of the whole statement.
type conditions struct {
	parts []string
	args  []any
}

func newConditions(parts ...string) *conditions { return &conditions{parts: parts} }

// add takes a condition with a %s for each value, or %[1]s where one stands twice.
func (c *conditions) add(format string, values ...any) {
	places := make([]any, len(values))
	for i, v := range values {
		places[i] = c.arg(v)
	}
	c.parts = append(c.parts, fmt.Sprintf(format, places...))
}

// arg adds an argument and gives its place.
func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("$%d", len(c.args))
}

func (c *conditions) text() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}
