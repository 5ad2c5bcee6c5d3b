namespace MlSystem.AppHost.Autoscaling;

/// <summary>One autoscale rule, as KEDA and Azure Container Apps (which runs KEDA) describe it.</summary>
/// <param name="Name">Unique within the service.</param>
/// <param name="Type">KEDA's scaler: <c>cpu</c>, <c>kafka</c>, <c>prometheus</c>, <c>cron</c>; <c>http</c> is Container Apps' own.</param>
/// <param name="Metadata">The scaler's settings, all text.</param>
/// <param name="MetricType">KEDA's metric type where it is not its default.</param>
internal sealed record ScaleRule(string Name, string Type, IReadOnlyDictionary<string, string> Metadata, string? MetricType = null);

/// <summary>Where the scalers ask.</summary>
/// <param name="KafkaBootstrapServers">As reachable from the scaler, <c>host:port</c>.</param>
/// <param name="Prometheus">base address of a Prometheus that scrapes each service under a job of its name; null when there is none: then concurrency is not a signal on Kubernetes.</param>
internal sealed record ScaleSources(string KafkaBootstrapServers, string? Prometheus = null);
