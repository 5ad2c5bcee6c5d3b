using System.Globalization;
using MlSystem.LoadTest.Servers;

namespace MlSystem.LoadTest.Load;

/// <summary>All that is measured.</summary>
internal sealed class Targets(LoadOptions options)
{
    private const int ManyConnections = 256;
    private static readonly string[] Main = ["lr", "mlp"];
    private readonly Dictionary<string, double> _capacity = new(StringComparer.Ordinal);

    public IReadOnlyList<Target> All() =>
    [
        .. LoadedModel.All.SelectMany(Http16),
        .. LoadedModel.All.Where(model => Main.Contains(model.Name)).SelectMany(model => Http64(model).Concat(Grpc(model)).Concat(Paced(model))),
        .. LoadedModel.All.Where(model => model.Name == "mlp").SelectMany(Http1),
        .. LoadedModel.All.Select(model => new Target($"process/{model.Name}", "onnxruntime", InProcessLoad(model))),
    ];

    private IEnumerable<Target> Http16(LoadedModel model)
    {
        var group = $"http16/{model.Name}";
        yield return Baseline(group, "parse", model, 16);
        yield return Baseline(group, "bare", model, 16) with { Baseline = "parse" };
        yield return Http(group, "inference", ServersUnderLoad.Inference, model, 16, model.Name) with { Baseline = "parse" };
        yield return Http(group, "gateway", ServersUnderLoad.Gateway, model, 16, model.Name) with { Baseline = "inference" };
        if (Main.Contains(model.Name))
        {
            yield return Http(group, "fastify", ServersUnderLoad.FastifyServer, model, 16, model.Name) with { Baseline = "inference" };
        }
    }

    private IEnumerable<Target> Http64(LoadedModel model)
    {
        var group = $"http64/{model.Name}";
        yield return Http(group, "unbatched", ServersUnderLoad.Inference, model, 64, model.Name + RegistryStub.Unbatched);
        yield return Http(group, "inference", ServersUnderLoad.Inference, model, 64, model.Name) with { Baseline = "unbatched" };
        yield return Http(group, "fastify", ServersUnderLoad.FastifyServer, model, 64, model.Name) with { Baseline = "inference" };
    }

    private IEnumerable<Target> Http1(LoadedModel model)
    {
        var group = $"http1/{model.Name}";
        yield return Http(group, "unbatched", ServersUnderLoad.Inference, model, 1, model.Name + RegistryStub.Unbatched);
        yield return Http(group, "inference", ServersUnderLoad.Inference, model, 1, model.Name) with { Baseline = "unbatched" };
        yield return Http(group, "gateway", ServersUnderLoad.Gateway, model, 1, model.Name) with { Baseline = "inference" };
    }

    private IEnumerable<Target> Grpc(LoadedModel model)
    {
        var group = $"grpc/{model.Name}";
        yield return Grpc(group, "constant", ServersUnderLoad.BaselineGrpc, model);
        yield return Grpc(group, "inference", ServersUnderLoad.InferenceGrpc, model) with { Baseline = "constant" };
        yield return Grpc(group, "gateway", ServersUnderLoad.GatewayGrpc, model) with { Baseline = "inference" };
    }

    /// <summary>Each at a share of what it can do itself with as many connections.</summary>
    private IEnumerable<Target> Paced(LoadedModel model)
    {
        foreach (var percent in (int[])[50, 80])
        {
            var group = string.Create(CultureInfo.InvariantCulture, $"p99at{percent}/{model.Name}");
            yield return Paced(group, "bare", new Uri(ServersUnderLoad.Baseline, $"/bare/{model.Name}"), model, percent);
            yield return Paced(group, "inference", ServersUnderLoad.Infer(ServersUnderLoad.Inference, model.Name), model, percent) with { Baseline = "bare" };
        }
    }

    private Target Baseline(string group, string kind, LoadedModel model, int connections) =>
        new(group, kind, async () => await LoadTools.HttpAsync(new Uri(ServersUnderLoad.Baseline, $"/{kind}/{model.Name}"), await Bodies.HttpAsync(model), connections, options.Seconds));

    private Target Http(string group, string name, Uri server, LoadedModel model, int connections, string endpoint) =>
        new(group, name, async () => await LoadTools.HttpAsync(ServersUnderLoad.Infer(server, endpoint), await Bodies.HttpAsync(model), connections, options.Seconds));

    private Target Grpc(string group, string name, Uri server, LoadedModel model) => new(group, name, async () =>
    {
        await Bodies.CheckGrpcAsync(server, model);
        return await LoadTools.GrpcAsync(server, await Bodies.GrpcAsync(model), options.Seconds);
    });

    private Target Paced(string group, string name, Uri url, LoadedModel model, int percent) => new(group, name, async () =>
    {
        var body = await Bodies.HttpAsync(model);
        if (!_capacity.TryGetValue(url.ToString(), out var capacity))
        {
            await LoadTools.HttpAsync(url, body, ManyConnections, options.Seconds);
            _capacity[url.ToString()] = capacity = (await LoadTools.HttpAsync(url, body, ManyConnections, options.Seconds)).RequestsPerSecond;
        }

        return await LoadTools.PacedAsync(url, body, ManyConnections, capacity * percent / 100, options.Seconds);
    });

    private Func<Task<LoadResult>> InProcessLoad(LoadedModel model) => async () =>
    {
        using var bare = new BareModel(model);
        return await InProcess.RunAsync(bare, Math.Max(1, options.Seconds / 2));
    };
}
