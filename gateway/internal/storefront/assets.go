package storefront

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/server"
)

//go:embed static
var static embed.FS

// asset is a file that pages link to, as it is and compressed.
type asset struct {
	kind        string
	plain, gzip []byte
	immutable   bool // its name changes with what is in it
}

// assets are files by name: each under its own, and under one with a fingerprint, which browsers may keep for a year.
type assets struct {
	files  map[string]asset
	hashed map[string]string // the name with the fingerprint
	style  style
}

// style is the stylesheet as it stands in a page itself; the zero value stands in none.
type style struct {
	Text template.CSS
	hash string
}

// source is where a page's styles come from, for its policy: the site, or this text and no other.
func (s style) source() string {
	if s.hash == "" {
		return "'self'"
	}
	return "'" + s.hash + "'"
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

func packAssets() (assets, error) {
	a := assets{files: map[string]asset{}, hashed: map[string]string{}}
	entries, err := static.ReadDir("static")
	if err != nil {
		return a, err
	}
	for _, entry := range entries {
		name := entry.Name()
		plain, err := static.ReadFile("static/" + name)
		if err != nil {
			return a, err
		}
		sum, ext := sha256.Sum256(plain), path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		file := asset{kind: kinds[ext], plain: plain, gzip: compress(plain, gzip.BestCompression)}
		a.files[name] = file
		if ext == ".css" {
			//nolint:gosec // our own file
			a.style = style{Text: template.CSS(plain), hash: "sha256-" + base64.StdEncoding.EncodeToString(sum[:])}
		}
		file.immutable = true
		a.files[hashed], a.hashed[name] = file, hashed
	}
	return a, nil
}

// url is where pages find the asset of that name.
func (a assets) url(name string) string { return "/static/" + a.hashed[name] }

func (a assets) serve(c *gin.Context) {
	file, ok := a.files[c.Param("file")]
	if !ok {
		server.NotFound(c)
		return
	}
	c.Header("Cache-Control", "public, max-age=300")
	if file.immutable {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // a picture that is opened by itself
	c.Header("Vary", "Accept-Encoding")
	body := file.plain
	if acceptsGzip(c.Request) {
		c.Header("Content-Encoding", "gzip")
		body = file.gzip
	}
	c.Data(http.StatusOK, file.kind, body)
}

// acceptsGzip reports whether the client takes gzip (RFC 9110 §12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header["Accept-Encoding"] {
		for offer := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(offer, ";")
			if coding = strings.TrimSpace(coding); coding != "gzip" && coding != "*" {
				continue
			}
			weight, given := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			return !given || err == nil && q > 0
		}
	}
	return false
}

func compress(text []byte, level int) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		panic(err) // of a level that does not exist
	}
	_, _ = w.Write(text) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
