package keyring

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"storefront/shared/auth"
)

// maxFile is the largest file that is read; an RSA key of 8192 bits has a tenth of it.
const maxFile = 64 << 10

// file is one .pem of the directory.
type file struct {
	name  string
	since time.Time // to the second: a file system may keep no more, and files of one moment are then told apart by name
	mode  fs.FileMode
	text  string
	err   error // in place of the text
}

// scan reads the .pem files of the directory; hidden ones, such as a Kubernetes volume's, are none.
func scan(dir string) ([]file, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".") || filepath.Ext(n.Name()) != ".pem" {
			continue
		}
		files = append(files, read(dir, n.Name()))
	}
	return files, nil
}

func read(dir, name string) file {
	f, path := file{name: name}, filepath.Join(dir, name)
	info, err := os.Stat(path) // follows links, which is what a Kubernetes volume is made of
	switch {
	case err != nil:
		f.err = err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		f.err = fmt.Errorf("is no regular file of at most %d bytes", maxFile)
	default:
		f.since, f.mode = info.ModTime().Truncate(time.Second), info.Mode()
		var text []byte
		text, f.err = os.ReadFile(path)
		f.text = string(text)
	}
	return f
}

// key makes the key that the file holds. The file's name is its kid.
func (f file) key() (auth.SigningKey, error) {
	switch {
	case f.err != nil:
		return auth.SigningKey{}, f.err
	case f.mode.Perm()&0o007 != 0:
		return auth.SigningKey{}, fmt.Errorf("is open to every user of the machine (mode %#o): chmod o= it, and better make a new key", f.mode.Perm())
	case !utf8.ValidString(f.name):
		return auth.SigningKey{}, errors.New("has a name that is not UTF-8")
	}
	private, err := parse([]byte(f.text))
	if err != nil {
		return auth.SigningKey{}, err
	}
	return auth.PrivateKey(strings.TrimSuffix(f.name, ".pem"), private)
}

var errNotPrivate = errors.New("holds no private key in PEM: PKCS #8, SEC 1 or PKCS #1, not encrypted")

// parse finds the private key among the blocks; openssl writes the name of the curve before it.
func parse(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		default:
			continue
		}
		if signer, ok := key.(crypto.Signer); err == nil && ok {
			return signer, nil
		}
		return nil, errNotPrivate // the parser's own words may quote the key
	}
	return nil, errNotPrivate
}
