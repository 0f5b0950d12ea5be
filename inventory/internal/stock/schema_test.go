package stock_test

import (
	"testing"

	"storefront/inventory/internal/stock"
)

// The database itself keeps what the program promises.
func TestSchema_keepsTheLedger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 3))
		for _, text := range []string{
			"UPDATE movements SET change = 7",
			"UPDATE movements SET note = 'x' WHERE id = 1",
			"DELETE FROM movements",
			"UPDATE branch_audit SET subject = 'x'",
			"DELETE FROM branch_audit WHERE id = 1",
			"UPDATE stock SET quantity = -1",
			"UPDATE stock SET quantity = 1000000001",
			"INSERT INTO stock (branch_id, product_id, quantity) VALUES (9, 1, 1)",
			"INSERT INTO stock (branch_id, product_id, quantity) VALUES (1, 9, 1)",
			"DELETE FROM branches WHERE id = 1",
		} {
			if err := s.exec(t, text); err == nil {
				t.Errorf("%s is possible", text)
			}
		}
		s.balanced(t)
	})
}
