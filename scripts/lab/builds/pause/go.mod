module github.com/codingbutter/team-dashboard/scripts/lab/builds/pause

go 1.26.0
