package config

// Monitoring is what watches over all environments. It is the cluster's, so no release is deployed to it.
type Monitoring struct {
	Namespace string
	// Secrets hold the keys with which people are told.
	Secrets []Secret
}

// MonitoringName is what the doors for secrets call it.
const MonitoringName = "monitoring"

// Environment is the monitoring as a place that has secrets.
func (m Monitoring) Environment() Environment {
	return Environment{Name: MonitoringName, Namespace: m.Namespace, Secrets: m.Secrets}
}

func (m Monitoring) validate() error {
	problems := problems{at: MonitoringName}
	problems.check(isName(m.Namespace), "namespace %q is not a DNS label", m.Namespace)
	problems.add(validateSecrets(m.Secrets))
	return problems.join()
}
