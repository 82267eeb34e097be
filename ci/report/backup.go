package report

import (
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/backup"
)

var backupColumns = []string{"LABEL", "TYPE", "BEGAN", "ENDED", "DATABASE", "STORED", "WAL"}

// made shows a backup that was just made.
func (p *page) made(m backup.Made) {
	p.line("The database of %s is backed up, in %s.", m.Environment, duration(m.Took))
	if m.Asked != "" {
		p.line("It is a %s backup: there was none yet that a %s backup could build on.", m.Backup.Type, m.Asked)
	}
	p.table(backupColumns, [][]string{backupRow(m.Backup)})
	p.next(command{"dagger call backups --env " + m.Environment, "all backups, and the moments that they reach"})
}

// backups shows what there is, and which moments it reaches.
func (p *page) backups(l backup.List) {
	for _, b := range l.Damaged {
		p.line("Backup %s of %s holds pages with wrong checksums: nothing is restored from it. Look at the database's disk.", b.Label, l.Environment)
	}
	if len(l.Backups) == 0 {
		p.line("%s: there is no backup yet.", l.Environment)
		p.next(command{text: "dagger call backup --env " + l.Environment + " --kind full"})
		return
	}
	p.line("%s can be restored to any moment from %s to %s.", l.Environment, moment(l.Earliest), moment(l.Latest))
	if !l.Running {
		p.line("The database does not run; its last archived WAL is of that time.")
	}
	var rows [][]string
	for _, b := range l.Backups {
		rows = append(rows, backupRow(b))
	}
	p.table(backupColumns, rows)
	p.next(command{fmt.Sprintf("dagger call restore --env %s --to-time %s", l.Environment, l.Latest.Format(time.RFC3339)), "restore beside the live database, and look"})
}

func backupRow(b backup.Backup) []string {
	wal := b.WALStart
	if b.WALStop != b.WALStart {
		wal += " to " + b.WALStop
	}
	return []string{b.Label, b.Type, moment(b.Start), moment(b.Stop), bytes(b.Size), bytes(b.Stored), wal}
}

// restored says what is there now, and how to go on with it.
func (p *page) restored(r backup.Restored) {
	to := r.Target
	if to == "latest" {
		to = "the end of its archive"
	}
	p.line("The database of %s is restored to %s as %s, from backup %s, in %s.", r.Environment, to, r.Database, r.Backup, duration(r.Took))
	if !r.LastTransaction.IsZero() {
		p.line("The last transaction that it holds is of %s.", moment(r.LastTransaction))
	}
	if r.Live {
		p.next(command{"dagger call backup --env " + r.Environment + " --kind full", "back up what is live now"},
			command{"dagger call health-check --env " + r.Environment, "whether the services have found it again"})
		return
	}
	p.line("Nothing uses it, and it archives nothing: it is for looking, and for copying rows from.")
	p.next(command{r.Look, "look into it"}, command{r.Remove, "remove it"})
}

// bytes is a size as people say it.
func bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n), ""
	for _, prefix = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value /= unit; value < unit {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", value, prefix)
}
