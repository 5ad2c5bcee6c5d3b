using System.Globalization;

namespace MlSystem.LoadTest.Servers;

/// <summary>Inference (its registry a stub, its prediction log the embedded event log), the gateway in front of it, and what they are compared with; each a process of its own.</summary>
internal sealed class ServersUnderLoad : IAsyncDisposable
{
    private const int Base = 29080;
    private readonly string _data = Directory.CreateTempSubdirectory("mlsystem-load-").FullName;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly List<IAsyncDisposable> _running = [];
    private readonly Dictionary<string, ServerProcess> _byName = new(StringComparer.Ordinal);

    public static Uri Baseline { get; } = Local(0);

    public static Uri BaselineGrpc { get; } = Local(1);

    public static Uri Inference { get; } = Local(2);

    public static Uri InferenceGrpc { get; } = Local(3);

    public static Uri Gateway { get; } = Local(4);

    public static Uri GatewayGrpc { get; } = Local(5);

    public static Uri FastifyServer { get; } = Local(6);

    /// <summary>False when npm could not install it.</summary>
    public bool HasFastify { get; private set; }

    /// <summary>From the start of inference's process to its first prediction.</summary>
    public TimeSpan FirstAnswer { get; private set; }

    /// <summary>Resident memory of inference in MiB.</summary>
    public double ResidentMiB => _byName["inference"].ResidentMiB;

    /// <summary>Processor time so far of the processes that answer for a target.</summary>
    public TimeSpan CpuTime(string target) => target switch
    {
        "gateway" => _byName["gateway"].CpuTime + _byName["inference"].CpuTime,
        "inference" or "unbatched" => _byName["inference"].CpuTime,
        "fastify" => _byName["fastify"].CpuTime,
        "parse" or "bare" or "constant" => _byName["baseline"].CpuTime,
        _ => TimeSpan.Zero,
    };

    public static Uri Infer(Uri server, string endpoint) => new(server, $"/v2/models/{endpoint}/infer");

    public async Task StartAsync(bool fastify)
    {
        _running.Add(await RegistryStub.StartAsync(Base + 7));
        var inference = Keep("inference", StartInference());
        FirstAnswer = await inference.WaitAsync(() => AskAsync(Inference, LoadedModel.All[0]));
        foreach (var model in LoadedModel.All)
        {
            await inference.WaitAsync(() => AskAsync(Inference, model));
        }

        await Keep("baseline", ServerProcess.Start(_data, "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.LoadTest.dll"), "baseline", Port(0), Port(1)))
            .WaitAsync(() => _client.GetAsync(new Uri(Baseline, "/health")));
        await Keep("gateway", StartGateway()).WaitAsync(() => AskAsync(Gateway, LoadedModel.All[0]));
        if (fastify && await Fastify.StartAsync(Base + 6, _data) is { } process)
        {
            await Keep("fastify", process).WaitAsync(() => AskAsync(FastifyServer, LoadedModel.All[0]));
            HasFastify = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_running))
        {
            await process.DisposeAsync();
        }

        _client.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private ServerProcess StartInference() => ServerProcess.StartService(
        _data, "MlSystem.Inference", $"--urls=http://127.0.0.1:{Port(2)}", $"--GRPC_PORT={Port(3)}", $"--services:registry:http:0=http://127.0.0.1:{Port(7)}", "--MlSystem:DataDirectory=" + Path.Combine(_data, "inference"));

    private ServerProcess StartGateway() => ServerProcess.StartService(
        _data, "MlSystem.Gateway", $"--urls=http://127.0.0.1:{Port(4)}", $"--GRPC_PORT={Port(5)}", $"--services:inference:http:0=http://127.0.0.1:{Port(2)}",
        $"--services:inference:grpc:0=http://127.0.0.1:{Port(3)}", "--MlSystem:Gateway:RequestsPerSecond=1000000", "--MlSystem:Gateway:Burst=1000000", "--MlSystem:DataDirectory=" + Path.Combine(_data, "gateway"));

    private ServerProcess Keep(string name, ServerProcess process)
    {
        _byName[name] = process;
        _running.Add(process);
        return process;
    }

    private Task<HttpResponseMessage> AskAsync(Uri server, LoadedModel model)
    {
        var body = new ByteArrayContent(model.Json());
        body.Headers.ContentType = new("application/json");
        return _client.PostAsync(Infer(server, model.Name), body);
    }

    private static string Port(int offset) => (Base + offset).ToString(CultureInfo.InvariantCulture);

    private static Uri Local(int offset) => new($"http://127.0.0.1:{Port(offset)}");
}
