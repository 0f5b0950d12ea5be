package database_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"storefront/shared/config"
	"storefront/shared/database/databasetest"
)

const writerURL = "DATABASE_TEST_WRITER"

// TestWriter is no test: it is the process that TestSQLite_killed kills. It writes rows one by one and prints each that is acknowledged.
func TestWriter(t *testing.T) {
	url, ok := os.LookupEnv(writerURL)
	if !ok {
		t.Skip("runs as a process of its own")
	}
	db := databasetest.Open(t, config.Secret(url), options(1))
	first, _ := total(t, db)
	for i := first; ; i++ {
		if err := insert(t.Context(), db, fmt.Sprint(i), 1); err != nil {
			t.Fatal(err)
		}
		fmt.Println(i)
	}
}

// What was acknowledged before a kill -9 is there afterwards; at most one more write was on its way.
func TestSQLite_killed(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	for range 5 {
		last := writeUntilKilled(t, string(url), 50)
		db := databasetest.Open(t, url, options(1))
		if rows, _ := total(t, db); rows != last+1 && rows != last+2 {
			t.Errorf("%d rows after row %d was acknowledged", rows, last)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// writeUntilKilled kills a writer after some rows and gives the last one that it acknowledged.
func writeUntilKilled(t *testing.T, url string, rows int) (last int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriter$")
	cmd.Env = append(os.Environ(), writerURL+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := 0
	for lines := bufio.NewScanner(out); lines.Scan(); read++ {
		if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			last = n
		}
		if read == rows {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if read < rows {
		t.Fatalf("the writer ended after %d rows", read)
	}
	return last
}
