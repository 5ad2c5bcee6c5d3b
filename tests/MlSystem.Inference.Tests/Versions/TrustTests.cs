using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Versions;

/// <summary>Only what the registry signed is served.</summary>
public sealed class TrustTests
{
    /// <summary>Its private half signed the golden statement with OpenSSL, then was thrown away.</summary>
    private const string PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEspC+rb3LAJVvSWuuO8trjoE6/4+n
        Yfv0VCrmkRoMMWzAQb81msmOJb+TkjYB6hQLcz0MQzwS+kss9mOoCudgGg==
        -----END PUBLIC KEY-----
        """;

    private static readonly ManifestStatement Statement = JsonSerializer.Deserialize(Golden.Text("manifest_statement"), ContractsJson.Default.ManifestStatement)!;
    private static readonly ManifestSignature Signature = JsonSerializer.Deserialize(Golden.Text("manifest_signature"), ContractsJson.Default.ManifestSignature)!;

    [Fact]
    public Task What_was_signed_passes() => CheckAsync(new(), Statement.Model, Statement.Files, Signature);

    [Fact]
    public Task The_order_of_files_does_not_matter() => CheckAsync(new(), Statement.Model, [.. Statement.Files.Reverse()], Signature);

    [Fact]
    public async Task Another_file_or_model_is_refused()
    {
        ManifestFile[] files = [Statement.Files[0] with { Sha256 = new('0', 64) }, Statement.Files[1]];
        await RefusedAsync("does not verify", new(), Statement.Model, files, Signature);
        await RefusedAsync("does not verify", new(), Statement.Model, [Statement.Files[0]], Signature);
        await RefusedAsync("does not verify", new(), "other", Statement.Files, Signature);
        await RefusedAsync("does not verify", new(), Statement.Model, Statement.Files, Signature with { Value = Convert.ToBase64String(new byte[64]) });
        await RefusedAsync("does not verify", new(), Statement.Model, Statement.Files, Signature with { Value = "?" });
    }

    [Fact]
    public async Task A_key_that_is_not_trusted_and_a_missing_signature_are_refused()
    {
        await RefusedAsync("not trusted", new(), Statement.Model, Statement.Files, Signature with { KeyId = new('0', 64) });
        await RefusedAsync("only ecdsa-p256-sha256", new(), Statement.Model, Statement.Files, Signature with { Algorithm = "none" });
        await RefusedAsync("is not signed", new() { RequireSignature = true }, Statement.Model, Statement.Files, null);
        await CheckAsync(new(), Statement.Model, Statement.Files, null);
    }

    [Fact]
    public async Task Configured_keys_take_the_place_of_the_registrys()
    {
        using var folder = new TempFolder();
        var (own, other) = (Path.Combine(folder.Path, "own.pem"), Path.Combine(folder.Path, "other.pem"));
        await File.WriteAllTextAsync(own, PublicKey, TestContext.Current.CancellationToken);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(other, key.ExportSubjectPublicKeyInfoPem(), TestContext.Current.CancellationToken);
        await CheckAsync(new() { TrustedKeys = [other, own] }, Statement.Model, Statement.Files, Signature);
        await RefusedAsync("not trusted", new() { TrustedKeys = [other] }, Statement.Model, Statement.Files, Signature);
    }

    [Fact]
    public async Task Keys_that_can_not_be_read_are_told_before_the_server_listens()
    {
        using var folder = new TempFolder();
        var (good, text, curve) = (folder["good.pem"], folder["text.pem"], folder["curve.pem"]);
        await File.WriteAllTextAsync(good, PublicKey, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(text, "no key", TestContext.Current.CancellationToken);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        await File.WriteAllTextAsync(curve, key.ExportSubjectPublicKeyInfoPem(), TestContext.Current.CancellationToken);
        var found = new TrustedKeysValidator().Validate(null, new() { TrustedKeys = [good, folder["absent.pem"], text, curve, good] });
        Assert.Equal(
            ["TrustedKeys:1", "TrustedKeys:2", "TrustedKeys:3"],
            found.Failures!.Select(failure => failure["Inference:Versions:".Length..failure.IndexOf(": ", StringComparison.Ordinal)]));
        Assert.Contains("absent.pem", found.Failures!.First(), StringComparison.Ordinal);
        Assert.Contains("P-256 is needed", found.Failures!.Last(), StringComparison.Ordinal);
        await CheckAsync(new() { TrustedKeys = [good, good] }, Statement.Model, Statement.Files, Signature);
    }

    private static async Task RefusedAsync(string reason, VersionsOptions options, string model, IReadOnlyList<ManifestFile> files, ManifestSignature? signature) =>
        Assert.Contains(reason, (await Assert.ThrowsAsync<ModelRefusedException>(() => CheckAsync(options, model, files, signature))).Message, StringComparison.Ordinal);

    private static async Task CheckAsync(VersionsOptions options, string model, IReadOnlyList<ManifestFile> files, ManifestSignature? signature)
    {
        using var http = new HttpClient(new Keys()) { BaseAddress = new Uri("http://registry/") };
        var answer = new VersionAnswer { Model = model, Version = Statement.Version, Status = VersionAnswer.Servable, ManifestSignature = signature };
        await new VersionTrust(new RegistryClient(http), Options.Create(options)).CheckAsync(answer, new ModelManifest { Files = files }, TestContext.Current.CancellationToken);
    }

    private sealed class Keys : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(JsonSerializer.Serialize(new { keys = new[] { new { public_key = PublicKey } } }), Encoding.UTF8, "application/json"),
        });
    }
}
