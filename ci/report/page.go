package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// page is text in the making.
type page struct {
	strings.Builder
	verbose bool
}

// line writes one line.
func (p *page) line(format string, arguments ...any) {
	fmt.Fprintf(p, format+"\n", arguments...)
}

// gap separates what comes from what was, once.
func (p *page) gap() {
	if text := p.Builder.String(); text != "" && !strings.HasSuffix(text, "\n\n") {
		p.line("")
	}
}

// table writes rows in columns under a header; nothing when there are none.
func (p *page) table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.gap()
	p.columns(append([][]string{header}, rows...))
}

// columns aligns the cells of rows; spaces at the ends of lines are cut off.
func (p *page) columns(rows [][]string) {
	var aligned strings.Builder
	writer := tabwriter.NewWriter(&aligned, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(writer, strings.Join(row, "\t"))
	}
	_ = writer.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(aligned.String()) {
		p.line("%s", strings.TrimRight(line, " \n"))
	}
}

// command is something to type, and what it is good for.
type command struct{ text, purpose string }

// next closes a page with what the reader can do now.
func (p *page) next(commands ...command) {
	if len(commands) == 0 {
		return
	}
	p.gap()
	p.line("Next:")
	rows := make([][]string, len(commands))
	for i, command := range commands {
		rows[i] = []string{"  " + command.text, command.purpose}
	}
	p.columns(rows)
}

// duration is precise where that matters, and short: 38ms, 12.3s, 5m0s.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// moment is a time in UTC, as log lines and CI have it.
func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

// short is a digest as people compare it.
func short(digest string) string {
	if hex, ok := strings.CutPrefix(digest, "sha256:"); ok && len(hex) > 12 {
		return hex[:12]
	}
	if digest == "" {
		return "-"
	}
	return digest
}

// place is a release with its slot, if there is one.
func place(release, slot string) string {
	if slot == "" {
		return release
	}
	return release + " in slot " + slot
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
