// SPDX-License-Identifier: Apache-2.0

// Command vulncheck runs govulncheck on distributions. It fails on every vulnerability that their
// code calls, imports or requires, and no row of the ignore file covers, and on every row that is outdated.
//
//	vulncheck -db DATABASE -ignores FILE.tsv [-scan symbol|package|module] FOLDER...
//
// The database is a URL that govulncheck takes, or an archive (.tar.zst) of one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"
)

func main() {
	log.SetFlags(0)
	var c check
	flag.StringVar(&c.database, "db", "", "URL or archive of the vulnerability database")
	flag.StringVar(&c.ignores, "ignores", "", "file of vulnerabilities that are ignored, each with a reason and an end")
	flag.StringVar(&c.level, "scan", "symbol", "what counts: symbol, what is called; package, what is imported; module, what is required")
	flag.Parse()
	if err := c.run(context.Background(), os.Stdout, time.Now(), flag.Args()); err != nil {
		log.Fatal(err)
	}
}

// check is one run of the command.
type check struct {
	database, ignores, level string
}

func (c *check) run(ctx context.Context, out io.Writer, now time.Time, folders []string) error {
	rows, err := readIgnores(c.ignores)
	if err != nil {
		return err
	}
	url, cleanUp, err := openDatabase(c.database)
	if err != nil {
		return fmt.Errorf("no vulnerability database at %s: allow access, or set VULNDB to a file:/// URL or an archive: %w", c.database, err)
	}
	defer cleanUp()
	var failures []error
	for _, folder := range folders {
		name := filepath.Base(folder)
		found, err := scanFolder(ctx, url, folder, c.level)
		if err != nil {
			return fmt.Errorf("scan %s: %w", folder, err)
		}
		failures = append(failures, judge(name, found, rows, now)...)
		_, _ = fmt.Fprintf(out, "%s: %d vulnerabilities at level %s, %d ignored\n", name, len(found), c.level, len(rows.of(name)))
	}
	return errors.Join(failures...)
}

// judge compares what was found in a distribution with what may be ignored there.
func judge(name string, found map[string]finding, rows ignores, now time.Time) []error {
	var failures []error
	ignored := rows.of(name)
	for _, id := range sortedKeys(found) {
		if _, covered := ignored[id]; !covered {
			failures = append(failures, fmt.Errorf("%s: %s", name, found[id]))
		}
	}
	for _, id := range sortedKeys(ignored) {
		row := ignored[id]
		if _, needed := found[id]; !needed {
			failures = append(failures, fmt.Errorf("%s: %s is ignored, which is no longer needed: delete the row", name, id))
		}
		if now.After(row.until.AddDate(0, 0, 1)) {
			failures = append(failures, fmt.Errorf("%s: %s was ignored until %s: raise its module, or give the row another end and reason", name, id, row.until.Format(time.DateOnly)))
		}
	}
	return failures
}
