package weak

import (
	"bytes"
	"regexp"
	"slices"
)

// Line is the first line of a message.
func Line(message []byte) string {
	line, _, _ := bytes.Cut(message, []byte("\r\n"))
	return string(line)
}

// Target is the request target.
func Target(request []byte) string {
	fields := bytes.SplitN([]byte(Line(request)), []byte(" "), 3)
	if len(fields) < 2 {
		return ""
	}
	return string(fields[1])
}

// SetLine replaces the first line.
func SetLine(message []byte, line string) []byte {
	_, rest, _ := bytes.Cut(message, []byte("\r\n"))
	return slices.Concat([]byte(line+"\r\n"), rest)
}

// Field gives the first value of a header field.
func Field(message []byte, name string) string {
	found := regexp.MustCompile(`(?im)^` + regexp.QuoteMeta(name) + `:[ \t]*([^\r\n]*)`).FindSubmatch(Head(message))
	if found == nil {
		return ""
	}
	return string(found[1])
}

// Head is the message up to its empty line.
func Head(message []byte) []byte {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	return append(bytes.Clone(head), "\r\n"...)
}

// Drop removes the header lines that match.
func Drop(message []byte, pattern string) []byte {
	head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	first, fields, _ := bytes.Cut(head, []byte("\r\n"))
	match := regexp.MustCompile(`(?i)^(?:` + pattern + `)`)
	var kept [][]byte
	for line := range bytes.SplitSeq(fields, []byte("\r\n")) {
		if !match.Match(line) {
			kept = append(kept, line)
		}
	}
	return slices.Concat(first, []byte("\r\n"), bytes.Join(kept, []byte("\r\n")), []byte("\r\n\r\n"), body)
}

// SetField replaces a header field, or adds it.
func SetField(message []byte, name, value string) []byte {
	message = Drop(message, regexp.QuoteMeta(name)+":")
	head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	return slices.Concat(head, []byte("\r\n"+name+": "+value+"\r\n\r\n"), body)
}
