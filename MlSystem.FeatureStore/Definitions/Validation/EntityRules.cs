namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Entities: at least one typed join key; stored rows are found by them, so they never change.</summary>
public static class EntityRules
{
    public static void Check(DefinitionScope scope, string path, EntityDefinition entity)
    {
        var keys = $"{path}.join_keys";
        if (entity.JoinKeys.Count == 0)
        {
            scope.Error(keys, "An entity needs at least one join key.");
        }

        NameRules.CheckFields(scope, keys, entity.JoinKeys.Select(key => (key.Name, key.Datatype)));
        NameRules.CheckDistinct(scope, keys, entity.JoinKeys.Select(key => key.Name));
        for (var k = 0; k < entity.JoinKeys.Count; k++)
        {
            if (Datatypes.TryParse(entity.JoinKeys[k].Datatype, out var datatype) && !datatype.IsKey())
            {
                scope.Error($"{keys}[{k}].datatype", $"A join key can't be {datatype.Name()}; allowed: BOOL INT32 INT64 BYTES.");
            }
        }

        var stored = scope.Catalog.Entities.GetValueOrDefault(entity.Name) ?? scope.Catalog.RetiredEntities.GetValueOrDefault(entity.Name);
        if (stored is not null && !SameFields(stored.Definition.JoinKeys, entity.JoinKeys))
        {
            scope.Error(keys, $"The join keys of entity '{entity.Name}' can't change, because stored rows are found by them; define another entity.");
        }
    }

    private static bool SameFields(IReadOnlyList<FieldDefinition> left, IReadOnlyList<FieldDefinition> right) =>
        left.Select(field => (field.Name, field.Datatype)).SequenceEqual(right.Select(field => (field.Name, field.Datatype)));
}
