using k8s;
using Microsoft.Extensions.Options;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>The cluster's API, as the kubeconfig file or the pod's service account reaches it.</summary>
public sealed class KubernetesApi(IOptions<KubernetesOptions> options) : IDisposable
{
    private const string DefaultNamespace = "default";
    private readonly Lock _gate = new();
    private k8s.Kubernetes? _client;
    private string? _namespace;

    /// <exception cref="StepFailedException">There is no cluster to reach.</exception>
    public (IKubernetes Client, string Namespace) Open()
    {
        lock (_gate)
        {
            if (_client is null)
            {
                var configuration = Configuration();
                (_client, _namespace) = (new k8s.Kubernetes(configuration), options.Value.Namespace ?? configuration.Namespace ?? DefaultNamespace);
            }

            return (_client, _namespace!);
        }
    }

    public void Dispose() => _client?.Dispose();

    private KubernetesClientConfiguration Configuration()
    {
        try
        {
            if (options.Value.Kubeconfig is { } file)
            {
                return KubernetesClientConfiguration.BuildConfigFromConfigFile(file);
            }

            return KubernetesClientConfiguration.IsInCluster()
                ? KubernetesClientConfiguration.InClusterConfig()
                : throw new StepFailedException("The executor kubernetes has no cluster: the service does not run in one and Training:Kubernetes:Kubeconfig is not set.");
        }
        catch (Exception error) when (error is k8s.Exceptions.KubeConfigException or IOException or YamlDotNet.Core.YamlException)
        {
            throw new StepFailedException($"The executor kubernetes has no cluster: {error.Message}");
        }
    }
}
