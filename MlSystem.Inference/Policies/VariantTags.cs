using System.Globalization;
using System.IO.Hashing;
using System.Text;
using MlSystem.Contracts;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Policies;

/// <summary>
/// Sixteen bits for each variant of an endpoint, carried by the request ids of its predictions. They follow from endpoint,
/// variant name, model and version alone, so that every replica knows them and feedback tells its variant at any time.
/// </summary>
public static class VariantTags
{
    /// <summary>Keeps these hashes apart from all others; part of the format, never changed.</summary>
    private const long Key = 0x6D6C_7379_7374_6167;

    /// <summary>The tag of a variant by itself.</summary>
    /// <param name="salt">0, or how many tags before it another variant had already.</param>
    public static ushort Of(string endpoint, string variant, string model, int version, int salt = 0)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{endpoint}\n{variant}\n{model}\n{version}\n{salt}");
        return (ushort)XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(text), Key);
    }

    /// <summary>The tags of a revision's variants by name; where two collide, the one whose name sorts later takes its next salt.</summary>
    public static IReadOnlyDictionary<string, ushort> Assign(Endpoint endpoint) =>
        Assign(endpoint.Variants, (variant, salt) => Of(endpoint.Name, variant.Name, variant.Model, variant.Version, salt));

    /// <summary>The same over any hash.</summary>
    public static IReadOnlyDictionary<string, ushort> Assign(IEnumerable<EndpointVariant> variants, Func<EndpointVariant, int, ushort> tagOf)
    {
        var tags = new Dictionary<string, ushort>(StringComparer.Ordinal);
        var taken = new HashSet<ushort>();
        foreach (var variant in variants.OrderBy(variant => variant.Name, StringComparer.Ordinal))
        {
            var salt = 0;
            ushort tag;
            do
            {
                tag = tagOf(variant, salt++);
            }
            while (!taken.Add(tag));

            tags[variant.Name] = tag;
        }

        return tags;
    }
}
