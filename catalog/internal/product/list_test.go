package product_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"storefront/catalog/internal/product"
	"storefront/shared/database/databasetest"
)

func ids(products []product.Product) []int64 {
	out := []int64{}
	for _, p := range products {
		out = append(out, p.ID)
	}
	return out
}

// shop has equal prices, equal names in another case, and products off sale among the others.
func shop(t testing.TB, s *product.Store) []product.Product {
	t.Helper()
	var all []product.Product
	for i, name := range []string{"Pan", "apron", "PAN", "Zither", "Äpfel", "pan", "Board", "apron", "Kettle", "kettle 0.9"} {
		c := cup(i)
		c.Name, c.Price, c.Active = name, int64(100*(i%3)), i != 3
		c.Category = []string{"kitchen", "office"}[i%2]
		if p := create(t, s, c); p.Active {
			all = append(all, p)
		}
	}
	return all
}

// Every order is gone through page by page, and gives each product once, as a sort of all of them does.
func TestList_pages(t *testing.T) {
	t.Parallel()
	byID := func(a, b product.Product) int { return cmp.Compare(a.ID, b.ID) }
	byName := func(a, b product.Product) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), byID(a, b))
	}
	byPrice := func(a, b product.Product) int { return cmp.Or(cmp.Compare(a.Price, b.Price), byID(a, b)) }
	down := func(f func(a, b product.Product) int) func(a, b product.Product) int {
		return func(a, b product.Product) int { return f(b, a) }
	}
	each(t, func(t *testing.T, s *product.Store) {
		all := shop(t, s)
		for sort, compare := range map[product.Sort]func(a, b product.Product) int{
			product.ByID: byID, product.Newest: down(byID), product.ByName: byName, product.ByPrice: byPrice, product.ByPriceDown: down(byPrice),
		} {
			want := slices.SortedFunc(slices.Values(all), compare)
			if sort == product.ByName { // SQLite knows small letters of ASCII alone
				want = slices.DeleteFunc(want, func(p product.Product) bool { return p.Name == "Äpfel" })
			}
			for _, filter := range []product.Query{{}, {Category: "kitchen"}, {Search: "cup"}} {
				filter.Sort = sort
				got := walk(t, s, filter)
				keep := slices.DeleteFunc(slices.Clone(want), func(p product.Product) bool { return filter.Category != "" && p.Category != filter.Category })
				if sort == product.ByName {
					got = slices.DeleteFunc(got, func(p product.Product) bool { return p.Name == "Äpfel" })
				}
				if diff := gocmp.Diff(ids(keep), ids(got)); diff != "" {
					t.Errorf("%+v (-want +got)\n%s", filter, diff)
				}
			}
		}
	})
}

// walk goes through the pages of a query, by their cursors.
func walk(t testing.TB, s *product.Store, q product.Query) []product.Product {
	t.Helper()
	q.Limit = 2
	var all []product.Product
	for {
		page, more := list(t, s, q)
		all = append(all, page...)
		if !more || len(all) > 100 {
			return all
		}
		at, err := product.ParsePosition(product.PositionOf(page[len(page)-1], q.Sort).String(), q.Sort)
		if err != nil {
			t.Fatal(err)
		}
		q.After = &at
	}
}

func TestList_filters(t *testing.T) {
	t.Parallel()
	price := func(n int64) *int64 { return &n }
	each(t, func(t *testing.T, s *product.Store) {
		shop(t, s)
		for name, tt := range map[string]struct {
			query product.Query
			want  []int64
		}{
			"off sale":                        {product.Query{Sale: product.OffSale}, []int64{4}},
			"off sale, of the other category": {product.Query{Sale: product.OffSale, Category: "kitchen"}, []int64{}},
			"on sale or not":                  {product.Query{Sale: product.AnySale}, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
			"on sale or not, a word":          {product.Query{Sale: product.AnySale, Search: "zith"}, []int64{4}},
			"on sale or not, by price":        {product.Query{Sale: product.AnySale, Sort: product.ByPrice, Category: "office"}, []int64{4, 10, 2, 8, 6}},
			"category":                        {product.Query{Category: "office"}, []int64{2, 6, 8, 10}},
			"category that is none":           {product.Query{Category: "garden"}, []int64{}},
			"at least":                        {product.Query{MinPrice: price(200)}, []int64{3, 6, 9}},
			"at most":                         {product.Query{MaxPrice: price(0)}, []int64{1, 7, 10}},
			"between":                         {product.Query{MinPrice: price(100), MaxPrice: price(199)}, []int64{2, 5, 8}},
			"between nothing":                 {product.Query{MinPrice: price(200), MaxPrice: price(100)}, []int64{}},
			"word":                            {product.Query{Search: "pan"}, []int64{1, 3, 6}},
			"word in capitals":                {product.Query{Search: "KETTLE"}, []int64{9, 10}},
			"words":                           {product.Query{Search: "kettle 9"}, []int64{10}},
			"beginning of a word":             {product.Query{Search: "ket"}, []int64{9, 10}},
			"middle of a word":                {product.Query{Search: "ettle"}, []int64{}},
			"number with a dot":               {product.Query{Search: "0.9"}, []int64{10}},
			"sku":                             {product.Query{Search: "CUP-4"}, []int64{5}},
			"word of the category":            {product.Query{Search: "office pan"}, []int64{6}},
			"letter that is not ASCII":        {product.Query{Search: "äpf"}, []int64{5}},
			"search, category and price":      {product.Query{Search: "cup", Category: "kitchen", MinPrice: price(200)}, []int64{3, 9}},
			"search, sorted the other way":    {product.Query{Search: "pan", Sort: product.Newest}, []int64{6, 3, 1}},
			"search, by price":                {product.Query{Search: "pan", Sort: product.ByPriceDown}, []int64{6, 3, 1}},
			"words, the ninth without effect": {product.Query{Search: "pan pan pan pan pan pan pan pan nothing"}, []int64{1, 3, 6}},
		} {
			products, _ := list(t, s, tt.query)
			if diff := gocmp.Diff(tt.want, ids(products)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
	})
}

// hostile are texts that mean something to a database, or to nobody.
var hostile = []string{
	`"`, `'`, `''`, `'; DROP TABLE products; --`, `" OR "a"*`, `NEAR(cup pan)`, `name : cup`, `cup AND`, `AND`, `NOT cup`, `cup OR pan`, `^cup`, `cup*`, `*`,
	`-cup`, `+cup`, `(`, `)`, `cup & `, `!cup`, `cup <-> pan`, `cup:*A`, `\`, `\'`, `%`, `_`, `$1`, `?`, "\x00", "cup\x00pan", "\xff\xfe", "cup\xff", "\u202e", "\u0301",
	"😀", "ﬁ", "ß", "İ", "中文", "٣", "½", "𝒳", "\u2028", strings.Repeat("a", 5000), strings.Repeat("a ", 5000), strings.Repeat("(", 5000), `{name} : x`, `cup"pan`,
}

func TestList_searchesForAnything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		shop(t, s)
		for _, text := range hostile {
			list(t, s, product.Query{Search: text})
			list(t, s, product.Query{Search: text, Sort: product.ByName})
		}
		if products, _ := list(t, s, product.Query{Search: "*"}); len(products) != 0 {
			t.Errorf("no word finds %d products", len(products))
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	s := product.NewStore(databasetest.Open(f, databasetest.SQLite(f), options(f)))
	create(f, s, cup(1))
	f.Fuzz(func(t *testing.T, text string) { list(t, s, product.Query{Search: text}) })
}
