using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Validation;

public sealed class ValidationTests : IAsyncLifetime
{
    private RegistryApp _app = null!;

    public async ValueTask InitializeAsync() =>
        _app = await RegistryApp.StartAsync(null, ("Registry:Validation:MaxMemoryMb", "512"));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task A_version_that_can_not_serve_is_refused_with_the_reason()
    {
        var good = TinyModels.Identity();
        await RefusedAsync("Protobuf", "broken"u8.ToArray(), TinyModels.IdentitySignature);
        await RefusedAsync("no input 'z'", good, TinyModels.IdentitySignature.Replace("\"x\"", "\"z\"", StringComparison.Ordinal));
        await RefusedAsync("FP64 in the signature", good, TinyModels.IdentitySignature.Replace("FP32\",\"shape\":[-1,1],", "FP64\",\"shape\":[-1,1],", StringComparison.Ordinal));
        await RefusedAsync("has shape", good, TinyModels.IdentitySignature.Replace("[-1,1]", "[-1,2]", StringComparison.Ordinal));
        await RefusedAsync("signature.json", good, "{");
    }

    [Fact]
    public async Task Execution_settings_are_checked_and_stay_with_the_version()
    {
        await RefusedAsync("intra_op_threads must be 1 to 256; graph_optimization must be none, basic, extended or all", execution: """{"intra_op_threads":0,"graph_optimization":"fast"}""");
        await RefusedAsync("'threads' is not a setting", execution: """{"threads":2}""");
        await RefusedAsync("warm_up_batch_sizes has 0, allowed is 1 to 65536", execution: """{"warm_up_batch_sizes":[0]}""");
        await RefusedAsync("execution.json can't be read", execution: """{"instances":"many"}""");

        var name = await _app.Registry.ModelAsync();
        var source = await _app.Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature, """{"instances":2,"warm_up_batch_sizes":null}""");
        var version = await _app.Registry.ValidatedAsync(name, await _app.Registry.VersionAsync(name, source));
        Assert.True(version.GetProperty("status").GetString() == "servable", version.ToString());
        Assert.Contains(version.GetProperty("manifest").GetProperty("files").EnumerateArray(), file => file.GetProperty("path").GetString() == "execution.json");
    }

    [Fact]
    public async Task A_model_that_never_answers_is_killed()
    {
        await using var app = await RegistryApp.StartAsync(null, ("Registry:Validation:TimeoutSeconds", "3"));
        var name = await app.Registry.ModelAsync();
        var version = await app.Registry.ValidatedAsync(name, await app.Registry.VersionAsync(name, await app.Registry.LogModelAsync(TinyModels.Endless(), TinyModels.IdentitySignature)));
        Assert.Contains("longer than 3 s", version.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_takes_too_much_memory_is_killed() => await RefusedAsync("memory", TinyModels.Hungry(), TinyModels.IdentitySignature);

    [Fact]
    public async Task A_version_that_can_not_be_validated_now_does_not_hold_up_the_others()
    {
        var damaged = await _app.Registry.ModelAsync();
        var lost = TinyModels.Identity().Concat(new byte[] { 0x22, 0x00 }).ToArray();
        var source = await _app.Registry.LogModelAsync(lost, TinyModels.IdentitySignature);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(lost));
        File.Delete(Directory.EnumerateFiles(_app.DataFolder, hash, SearchOption.AllDirectories).Single());
        await _app.Registry.VersionAsync(damaged, source);

        var name = await _app.Registry.ModelAsync();
        var version = await _app.Registry.ValidatedAsync(name, await _app.Registry.VersionAsync(name, await _app.Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature)));
        Assert.Equal("servable", version.GetProperty("status").GetString());
    }

    private Task RefusedAsync(string reason, string execution) => RefusedAsync(reason, TinyModels.Identity(), TinyModels.IdentitySignature, execution);

    private async Task RefusedAsync(string reason, byte[] onnx, string signature, string? execution = null)
    {
        var name = await _app.Registry.ModelAsync();
        var version = await _app.Registry.ValidatedAsync(name, await _app.Registry.VersionAsync(name, await _app.Registry.LogModelAsync(onnx, signature, execution)));
        Assert.Equal("refused", version.GetProperty("status").GetString());
        Assert.Contains(reason, version.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_app.DataFolder, version.GetProperty("reason").GetString(), StringComparison.Ordinal);
        var shown = (await _app.Registry.GetAsync($"model-versions/get?name={name}&version=1")).Ok().Body.GetProperty("model_version");
        Assert.Equal("READY", shown.GetProperty("status").GetString());
        Assert.StartsWith("Not servable: ", shown.GetProperty("status_message").GetString(), StringComparison.Ordinal);
    }
}
