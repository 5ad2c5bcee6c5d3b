using MlSystem.Contracts;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Tests.Policies;

public sealed class RequestIdTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0x1234)]
    [InlineData(0xFFFF)]
    public void An_id_is_a_UUIDv7_that_carries_its_tag(int tag)
    {
        var now = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);
        var texts = Enumerable.Range(0, 1000).Select(_ => RequestIds.Next(now, (ushort)tag)).ToList();
        Assert.Equal(1000, texts.Distinct(StringComparer.Ordinal).Count());
        Assert.All(texts, text =>
        {
            var id = Guid.ParseExact(text, "D");
            Assert.Equal(7, id.Version);
            Assert.InRange(id.Variant, 8, 11);
            Assert.Equal((ushort)tag, RequestIds.Tag(id));
            Assert.Equal(now.ToUnixTimeMilliseconds(), Convert.ToInt64(text.Replace("-", "", StringComparison.Ordinal)[..12], 16));
            Assert.Equal(0xABCD, RequestIds.Tag(Guid.ParseExact(RequestIds.WithTag(text, 0xABCD), "D")));
            Assert.EndsWith(tag.ToString("x4", System.Globalization.CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Tags_differ_by_endpoint_variant_model_and_version_and_stay_what_they_are()
    {
        ushort[] tags = [VariantTags.Of("e", "v", "m", 1), VariantTags.Of("f", "v", "m", 1), VariantTags.Of("e", "w", "m", 1), VariantTags.Of("e", "v", "n", 1), VariantTags.Of("e", "v", "m", 2)];
        Assert.Equal(5, tags.Distinct().Count());
        Assert.Equal(53545, VariantTags.Of("churn", "champion", "churn", 1));
    }

    [Fact]
    public void Variants_whose_tags_collide_get_others_and_every_replica_the_same()
    {
        // Three variants that begin with one tag, in any order of the revision.
        EndpointVariant[] variants = [.. ((string[])["c", "a", "b"]).Select(name => new EndpointVariant { Name = name, Model = "m", Version = 1 })];
        var tags = VariantTags.Assign(variants, (_, salt) => (ushort)(100 + salt));
        Assert.Equal([("a", 100), ("b", 101), ("c", 102)], tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => (tag.Key, (int)tag.Value)));
        Assert.Equal(tags, VariantTags.Assign(variants.Reverse(), (_, salt) => (ushort)(100 + salt)));
    }

    [Fact]
    public void A_hundred_variants_have_a_hundred_tags()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var endpoint = new Endpoint
            {
                Name = $"e{seed}", Revision = 1, Author = "", Reason = "", CreatedAt = default,
                Variants = [.. Enumerable.Range(0, 100).Select(i => new EndpointVariant { Name = $"v{i}", Model = "m", Version = 1 })],
            };
            Assert.Equal(100, VariantTags.Assign(endpoint).Values.Distinct().Count());
        }
    }

    [Fact]
    public void Shares_are_of_the_last_thousand_choices()
    {
        var recent = new RecentChoices();
        Assert.Null(recent.Share(1));
        recent.Add(1);
        recent.Add(2);
        Assert.Equal((2, 0.5), (recent.Count, recent.Share(1)));
        for (var i = 0; i < 1500; i++)
        {
            recent.Add((ushort)(i % 4 == 0 ? 3 : 2));
        }

        Assert.Equal((1000, 0.0, 0.25), (recent.Count, recent.Share(1), recent.Share(3)));
    }
}
