using Microsoft.Extensions.Configuration;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.Storage;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_second_process_is_refused_until_the_first_is_gone()
    {
        using (var first = Directory())
        {
            Assert.Equal(_folder["registry"], first.Own);
            using var second = Directory();
            var failure = Assert.Throws<StartupFailureException>(() => second.Own);
            Assert.Contains(_folder["registry"], failure.Message);
        }

        using var third = Directory();
        Assert.Equal(_folder["registry"], third.Own);
    }

    [Fact]
    public void Replicas_take_the_next_free_folder()
    {
        using var first = Directory(replicas: true);
        var second = Directory(replicas: true);
        using var third = Directory(replicas: true);
        Assert.Equal([_folder["registry"], _folder["registry-1"], _folder["registry-2"]], [first.Own, second.Own, third.Own]);

        second.Dispose();
        using var fourth = Directory(replicas: true);
        Assert.Equal(_folder["registry-1"], fourth.Own);
    }

    [Fact]
    public void A_named_instance_has_its_own_folder_and_keeps_it()
    {
        using var first = Directory(instance: "b", replicas: true);
        Assert.Equal(_folder["registry-b"], first.Own);
        using var second = Directory(instance: "b", replicas: true);
        Assert.Throws<StartupFailureException>(second.Lock);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(_folder["file"], "");
        using var directory = new DataDirectory(new ConfigurationBuilder().AddInMemoryCollection([new("MlSystem:DataDirectory", _folder["file"])]).Build(), "registry");
        var failure = Assert.Throws<StartupFailureException>(directory.Lock);
        Assert.Contains("can't be written", failure.Message);
    }

    private DataDirectory Directory(string? instance = null, bool replicas = false) => new(
        new ConfigurationBuilder().AddInMemoryCollection([new("MlSystem:DataDirectory", _folder.Path), new("MlSystem:Instance", instance)]).Build(), "registry", replicas);
}
