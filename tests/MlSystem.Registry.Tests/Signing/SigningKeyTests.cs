using System.Security.Cryptography;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Signing;

public sealed class SigningKeyTests
{
    [Fact]
    public async Task The_key_that_is_made_can_be_read_by_the_service_alone()
    {
        await using var app = await RegistryApp.StartAsync();
        var file = Assert.Single(Directory.GetFiles(app.DataFolder, "signing.pem", SearchOption.AllDirectories));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task A_key_that_signed_before_is_still_told()
    {
        using var folder = new TempFolder();
        using var current = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (currentFile, oldFile) = (Path.Combine(folder.Path, "current.pem"), Path.Combine(folder.Path, "old.pem"));
        await File.WriteAllTextAsync(currentFile, current.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(oldFile, old.ExportSubjectPublicKeyInfoPem(), TestContext.Current.CancellationToken);
        await using var app = await RegistryApp.StartAsync(null, ("Registry:Signing:KeyFile", currentFile), ("Registry:Signing:PreviousKeyFiles:0", oldFile));
        var keys = (await app.Registry.NativeAsync("/api/signing-keys")).Ok().Body.GetProperty("keys").EnumerateArray().ToList();
        Assert.Equal([current.ExportSubjectPublicKeyInfoPem(), old.ExportSubjectPublicKeyInfoPem()], keys.Select(k => k.GetProperty("public_key").GetString()));
        Assert.Equal([true, false], keys.Select(k => k.GetProperty("current").GetBoolean()));
    }
}
