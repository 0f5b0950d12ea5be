package wire

// text is a string, or bytes that need not become one.
type text interface{ ~string | ~[]byte }

// tokens are the bytes of method and field names (RFC 9110 §5.6.2).
var tokens = func() (t [256]bool) {
	for _, b := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[b] = true
	}
	return t
}()

func isToken[T text](s T) bool {
	for i := range len(s) {
		if !tokens[s[i]] {
			return false
		}
	}
	return len(s) > 0
}

// isValue reports whether s can be a field's value: visible bytes, blanks and tabs, and those above ASCII (RFC 9110 §5.5).
func isValue[T text](s T) bool {
	for i := range len(s) {
		if b := s[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// reserved reports whether a field of the name says where a message ends or what becomes of the connection.
func reserved(name string) bool {
	for _, own := range [...]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade", "Expect", "Keep-Alive"} {
		if equalFold(name, own) {
			return true
		}
	}
	return false
}

// equalFold compares ASCII without regard to case.
func equalFold[A, B text](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// trim drops blanks and tabs around what stands in b from one offset to the other.
func trim(b []byte, s span) span {
	for s.from < s.to && (b[s.from] == ' ' || b[s.from] == '\t') {
		s.from++
	}
	for s.from < s.to && (b[s.to-1] == ' ' || b[s.to-1] == '\t') {
		s.to--
	}
	return s
}

// number reads digits of the base alone; -1 is anything else, and what no body is as long as.
func number(b []byte, base int64) int64 {
	if len(b) == 0 || len(b) > 15 {
		return -1
	}
	n := int64(0)
	for _, c := range b {
		digit := int64(-1)
		switch c = lower(c); {
		case '0' <= c && c <= '9':
			digit = int64(c - '0')
		case 'a' <= c && c <= 'f':
			digit = int64(c-'a') + 10
		}
		if digit < 0 || digit >= base {
			return -1
		}
		n = n*base + digit
	}
	return n
}
