package storefront_test

import (
	"testing"

	"storefront/gateway/internal/storefront"
)

func TestAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{905, "EUR", "9.05"}, {5, "EUR", "0.05"}, {0, "EUR", "0.00"}, {-905, "EUR", "-9.05"}, {-5, "EUR", "-0.05"}, {100_000_000_000_000, "EUR", "1000000000000.00"},
		{905, "JPY", "905"}, {0, "JPY", "0"}, {905, "KWD", "0.905"}, {12905, "KWD", "12.905"}, {905, "", "9.05"},
	} {
		if got := storefront.Amount(tt.minor, tt.currency); got != tt.want {
			t.Errorf("%d of %s = %s, want %s", tt.minor, tt.currency, got, tt.want)
		}
		if back, ok := storefront.ParseAmount(tt.want, tt.currency); tt.minor >= 0 && (!ok || back != tt.minor) {
			t.Errorf("%s of %s read = %d, %v, want %d", tt.want, tt.currency, back, ok, tt.minor)
		}
	}
}

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"9": 900, "9.5": 950, "9,50": 950, "0": 0, "0.01": 1, "9.": 900} {
		if got, ok := storefront.ParseAmount(text, "EUR"); !ok || got != want {
			t.Errorf("%q = %d, %v, want %d", text, got, ok, want)
		}
	}
	if got, ok := storefront.ParseAmount(" 9.05\t", "EUR"); !ok || got != 905 {
		t.Errorf("with blanks around it = %d, %v", got, ok)
	}
	for _, text := range []string{"", " ", ".", ".5", "-1", "+1", "1e3", "0x1", "9.505", "9.5.0", "1,000.00", "1 000", "nine", "٩", "99999999999999999999"} {
		if got, ok := storefront.ParseAmount(text, "EUR"); ok {
			t.Errorf("%q = %d, want none", text, got)
		}
	}
	if got, ok := storefront.ParseAmount("9.5", "JPY"); ok {
		t.Errorf("half a yen = %d", got)
	}
}
