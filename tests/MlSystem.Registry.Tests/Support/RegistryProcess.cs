using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Support;

/// <summary>The registry as a process of its own, with Kestrel and a working SIGKILL.</summary>
public static class RegistryProcess
{
    public static async Task<ServerProcess> StartAsync(HttpClient http, string dataFolder, params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string?>
        {
            ["MlSystem__DataDirectory"] = dataFolder,
            ["ASPNETCORE_URLS"] = http.BaseAddress!.ToString(),
            ["Logging__LogLevel__Default"] = "Warning",
        };
        foreach (var (name, value) in environment)
        {
            variables[name] = value;
        }

        var process = ServerProcess.Start("dotnet", [typeof(Program).Assembly.Location], variables);
        try
        {
            await process.WaitUntilAsync(async cancellationToken => (await http.GetAsync("/health", cancellationToken)).IsSuccessStatusCode, TimeSpan.FromMinutes(3));
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }
}
