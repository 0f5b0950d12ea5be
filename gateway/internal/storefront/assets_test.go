package storefront_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"storefront/gateway/internal/storefront"
)

// fetch gets an address as it goes over the wire, and how many bytes that is, header included.
func (s *shop) fetch(t testing.TB, target string, header ...string) (res *http.Response, body []byte, size int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err = (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(res.Body)
	var head bytes.Buffer
	if err == nil {
		err = res.Header.Write(&head)
	}
	if err != nil {
		t.Fatal(err)
	}
	return res, body, len(body) + head.Len()
}

func unzip(t testing.TB, packed []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// What a page links to has the fingerprint of what is in it, so that it can be kept for a year.
func TestAssets(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	links := regexp.MustCompile(`/static/(\w+)\.([0-9a-f]{12})\.(css|svg)`).FindAllStringSubmatch(s.get(t, "", "/").body, -1)
	if len(links) != 2 {
		t.Fatalf("the page links to %v, want a stylesheet and an icon", links)
	}
	for _, link := range links {
		source, err := os.ReadFile("static/" + link[1] + "." + link[3])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(source)
		res, body, _ := s.fetch(t, link[0])
		if hex.EncodeToString(sum[:6]) != link[2] || string(body) != string(source) {
			t.Errorf("%s is not what its name says", link[0])
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control = %q", link[0], got)
		}
		res, packed, _ := s.fetch(t, link[0], "Accept-Encoding", "br, gzip;q=0.5")
		if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" || unzip(t, packed) != string(source) {
			t.Errorf("%s compressed: %v", link[0], res.Header)
		}
		if kind := map[string]string{"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}[link[3]]; res.Header.Get("Content-Type") != kind {
			t.Errorf("%s: Content-Type = %q", link[0], res.Header.Get("Content-Type"))
		}
	}
	if res, _, _ := s.fetch(t, "/static/shop.css"); res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("/static/shop.css = %d, %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	for _, target := range []string{"/static/shop.000000000000.css", "/static/none.css", "/static/shop_test.go"} {
		if res, _, _ := s.fetch(t, target); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s = %d", target, res.StatusCode)
		}
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for header, want := range map[string]bool{"gzip": true, "br, *;q=0.1": true, "deflate, gzip;q=1.0": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "xgzip": false} {
		for _, target := range []string{"/", "/static/shop.css"} {
			if res, _, _ := s.fetch(t, target, "Accept-Encoding", header); (res.Header.Get("Content-Encoding") == "gzip") != want {
				t.Errorf("%s for %q: Content-Encoding %q", target, header, res.Header.Get("Content-Encoding"))
			}
		}
	}
	// The length of a compressed page tells what is on it to whoever can put something beside it (BREACH).
	if res, _, _ := s.fetch(t, "/", "Accept-Encoding", "gzip", "As", "customer"); res.Header.Get("Content-Encoding") != "" {
		t.Error("a personal page is compressed")
	}
}

// picture is as long as the catalog's pictures are, and does not compress away.
const picture = 2300

// The first page with all that it links to is under 50 KB over the wire, for whoever has nothing of it yet.
func TestFirstPage_isSmall(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	products := make([]storefront.Product, 12)
	for i := range products {
		products[i] = storefront.Product{
			ID: int64(i + 1), Name: fmt.Sprintf("A name of the usual length %d", i), Price: 12345, Currency: "EUR", Category: fmt.Sprintf("category-%d", i),
			Description: strings.Repeat("What there is to say of it. ", 6),
		}
	}
	s.say("public GET /products", j{"products": products, "next": strings.Repeat("c", 80)})
	for as, header := range map[string][]string{"nobody": {"Accept-Encoding", "gzip"}, "an admin": {"Accept-Encoding", "gzip", "As", "admin"}} {
		_, _, total := s.fetch(t, "/", header...)
		var pictures int
		for _, n := range s.get(t, "", "/").all("link", "img") {
			if n.Data == "img" {
				pictures++
				continue
			}
			_, _, size := s.fetch(t, attr(n, "href"), header...)
			total += size
		}
		if total += pictures * (picture + 350); pictures != 12 || total > 50_000 {
			t.Errorf("the first page of %s is %d bytes with %d pictures, want at most 50000", as, total, pictures)
		}
	}
}
