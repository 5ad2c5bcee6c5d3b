using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>
/// Configuration files are asked every few seconds whether they changed. Being told by the kernel means to watch the folder that they
/// are in with all below it, and there the data directory usually is: each write of the event log would wake the watcher, a
/// twentieth of an inference server's processor time.
/// </summary>
internal static class ConfigurationFiles
{
    public static void Poll(ConfigurationManager configuration)
    {
        var watching = configuration.Sources.OfType<JsonConfigurationSource>()
            .Where(source => source is { ReloadOnChange: true, FileProvider: PhysicalFileProvider { UsePollingFileWatcher: false } }).ToList();
        var providers = new Dictionary<PhysicalFileProvider, PhysicalFileProvider>();
        foreach (var source in watching)
        {
            var watcher = (PhysicalFileProvider)source.FileProvider!;
            if (!providers.TryGetValue(watcher, out var poller))
            {
                providers[watcher] = poller = new PhysicalFileProvider(watcher.Root) { UsePollingFileWatcher = true, UseActivePolling = true };
            }

            configuration.Sources[configuration.Sources.IndexOf(source)] = new JsonConfigurationSource
            {
                Path = source.Path!,
                Optional = source.Optional,
                ReloadOnChange = true,
                ReloadDelay = source.ReloadDelay,
                FileProvider = poller,
            };
        }

        foreach (var watcher in providers.Keys)
        {
            watcher.Dispose();
        }
    }
}
