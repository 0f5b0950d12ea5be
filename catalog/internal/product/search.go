package product

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWords of a search are looked for; the others narrow it no further.
const maxWords = 8

// words gives the words of what somebody typed: runs of letters and digits in small letters. Everything else, the operators of both
// databases included, is a space, so that no text can be an error or mean something else.
func words(text string) []string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
	return fields[:min(len(fields), maxWords)]
}

// ftsQuery writes the words for SQLite's FTS5: each in quotes, and the beginning of a word where it has two letters. No word is found by no
// product.
func ftsQuery(words []string) string {
	terms := make([]string, len(words))
	for i, w := range words {
		terms[i] = `"` + w + `"` + star(w, "*")
	}
	if len(terms) == 0 {
		return `""`
	}
	return strings.Join(terms, " ")
}

// tsquery writes the words for PostgreSQL's to_tsquery, likewise.
func tsquery(words []string) string {
	terms := make([]string, len(words))
	for i, w := range words {
		terms[i] = "'" + w + "'" + star(w, ":*")
	}
	return strings.Join(terms, " & ")
}

func star(word, mark string) string {
	if utf8.RuneCountInString(word) < 2 {
		return "" // one letter begins a tenth of all words
	}
	return mark
}
