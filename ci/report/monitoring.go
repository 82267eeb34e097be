package report

import (
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/monitoring"
)

// monitored says what a deploy of the monitoring did.
func (p *page) monitored(d monitoring.Deployment) {
	p.line("The monitoring runs in namespace %s: %s applied.", d.Namespace, count(d.Applied, "object", "objects"))
	for _, pruned := range d.Pruned {
		p.line("%s of before was deleted.", pruned)
	}
	p.components(d.Components)
	p.next(command{"dagger call monitoring status", "targets, rules, and who is told of what"})
}

// monitoring says how the monitoring is, and what it has to tell.
func (p *page) monitoring(s monitoring.Status) {
	if len(s.Problems) == 0 {
		p.line("The monitoring works: %s, alerts arrive.", count(s.Rules, "rule", "rules"))
	} else {
		p.line("The monitoring does NOT work: %s.", count(len(s.Problems), "problem", "problems"))
	}
	for _, problem := range s.Problems {
		p.line("  %s", problem)
	}
	p.components(s.Components)
	var jobs [][]string
	for _, job := range s.Jobs {
		jobs = append(jobs, []string{job.Name, fmt.Sprintf("%d/%d", job.Up, job.Up+job.Down)})
	}
	p.table([]string{"TARGETS", "UP"}, jobs)
	var alerts [][]string
	for _, alert := range s.Alerts {
		told := ""
		if alert.Suppressed {
			told = "nobody is told"
		}
		alerts = append(alerts, []string{alert.Name, alert.Severity, alert.Namespace, alert.Summary, told})
	}
	p.table([]string{"ALERT", "SEVERITY", "NAMESPACE", "", ""}, alerts)
}

func (p *page) components(components []monitoring.Component) {
	var rows [][]string
	for _, c := range components {
		rows = append(rows, []string{c.Name, fmt.Sprintf("%d/%d", c.Ready, c.Desired), c.Image})
	}
	p.table([]string{"COMPONENT", "READY", "IMAGE"}, rows)
}
