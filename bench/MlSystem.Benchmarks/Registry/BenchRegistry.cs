using System.Diagnostics;
using System.Globalization;
using MlSystem.Testing;

namespace MlSystem.Benchmarks.Registry;

/// <summary>The registry as a process, on a PostgreSQL of its own that is as durable as a real one.</summary>
internal sealed class BenchRegistry : IAsyncDisposable
{
    private readonly PostgresServer _postgres;
    private ServerProcess? _process;
    private Process? _registry;

    private BenchRegistry(PostgresServer postgres, string connectionString)
    {
        _postgres = postgres;
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; }

    public TempFolder Folder { get; } = new();

    public HttpClient Http { get; } = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}"), Timeout = TimeSpan.FromMinutes(5) };

    public static async Task<BenchRegistry> StartAsync()
    {
        var postgres = await PostgresServer.StartAsync(durable: true);
        var registry = new BenchRegistry(postgres, await postgres.CreateDatabaseAsync());
        await registry.StartProcessAsync();
        return registry;
    }

    /// <summary>Processor time that the registry and PostgreSQL's connections have used so far, in milliseconds.</summary>
    public (double Registry, double Postgres) Cpu()
    {
        _registry!.Refresh();
        var server = string.Create(CultureInfo.InvariantCulture, $"/proc/{_postgres.ProcessId}/task/{_postgres.ProcessId}/children");
        return (_registry.TotalProcessorTime.TotalMilliseconds, File.ReadAllText(server).Split(' ', StringSplitOptions.RemoveEmptyEntries).Sum(Milliseconds));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _registry?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await _postgres.DisposeAsync();
        Folder.Dispose();
    }

    private static double Milliseconds(string id)
    {
        try
        {
            using var process = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
            return process.TotalProcessorTime.TotalMilliseconds;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // A connection that has just ended.
            return 0;
        }
    }

    private async Task StartProcessAsync()
    {
        _process = ServerProcess.Start(Path.Combine(AppContext.BaseDirectory, "MlSystem.Registry"), [], new Dictionary<string, string?>
        {
            ["MlSystem__DataDirectory"] = Folder.Path,
            ["ASPNETCORE_URLS"] = Http.BaseAddress!.ToString(),
            ["Logging__LogLevel__Default"] = "Warning",
            ["ConnectionStrings__database"] = ConnectionString,
        });
        await _process.WaitUntilAsync(async cancel => (await Http.GetAsync("/health", cancel)).IsSuccessStatusCode, TimeSpan.FromMinutes(1));
        _registry = Process.GetProcessById(_process.Id);
    }
}
